// What the command line sets.
#pragma once

#include "dialect.hpp"
#include "net.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace load {

enum class Mode : std::uint8_t { echo, chat, idle, churn, recover };

/// When a connection counts as ready: with the handshake, or with the server's first frame, which
/// on a chat endpoint says that the connection is a member of the room.
enum class Ready : std::uint8_t { open, frame };

struct Options {
    Mode mode{Mode::echo};
    Url url;
    Protocol protocol{Protocol::websocket};

    std::size_t connections{50};
    std::size_t senders{};  // 0: every connection in echo, 4 in chat
    std::size_t window{1};
    std::size_t payload{64};
    double rate{};  // messages a second of all senders together; 0: closed loop
    bool binary{};
    bool one_order{};
    bool acks{};
    double repeat{};          // percent
    std::size_t behind{200};  // messages
    std::size_t stalled{};
    std::size_t concurrency{64};
    double torn{50};       // percent
    double torn_early{0};  // percent

    std::string namespace_name{"/"};
    std::string auth;
    std::string event{"message"};
    std::string receive_event;
    std::string join_event;
    std::string join_data{R"({"username":"{user}"})"};
    std::string message;  // template; empty: what suits the mode and the protocol
    std::optional<Ready> ready;
    std::vector<std::string> headers;

    double warm_up{1};
    double duration{5};
    double connect_timeout{60};
    double drain{10};
    double close_timeout{5};
    double timeout{};  // 0: the sum of the phases, each of which has its own

    int pid{};
    bool pid_children{};
    bool json{};
};

/// What stands before the payload of a Socket.IO packet for the namespace: nothing for "/".
std::string namespace_prefix(const Options& options);

/// Fills in what depends on other options. Throws std::invalid_argument with the reason if they
/// do not go together.
void complete(Options& options);

}  // namespace load
