// What the inspector knows of a coroutine.
#pragma once

#include "beastapi/inspect/where.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

namespace beastapi::inspect {

class Registry;

/// A node's number is a multiple of it: those between are for the coroutines that it has called,
/// which only a snapshot knows.
inline constexpr std::uint64_t numbers_of_a_node = 16;

/// What waits in a connection's queues.
struct Queues {
    std::optional<std::size_t> inbox_frames{};  ///< nothing where there's no WebSocket
    std::size_t outbox_bytes = 0;
    bool closed = false;  ///< a WebSocket that can send and receive no more
};

/// What a coroutine was begun for: a connection, or a request.
struct Task {
    std::string name{};  ///< such as `/ws/chat/alice`
    std::string peer{};
    bool hidden = false;  ///< the inspector's own
    std::function<Queues()> queues{};
};

/// A handler, or an operand of `||` or `&&`, with all the coroutines that it calls by a plain
/// co_await: they share what Asio calls a thread, a stack of frames of which the topmost waits.
struct Node {
    using Clock = std::chrono::steady_clock;

    enum class State {
        running,  ///< or it waits for something of which nobody tells
        waits,    ///< at `where`; only then is `thread` sure to be there
        joins,    ///< its children
    };

    Node(Registry& owner, std::uint64_t number, const void* asio_thread, Clock::time_point now)
        : registry(&owner), id(number), thread(asio_thread), began(now), since(now) {}

    Registry* registry;
    std::uint64_t id;
    const void* thread;      ///< the frame at its bottom
    Node* parent = nullptr;  ///< null: it's a task
    std::unique_ptr<Task> task{};
    std::list<Node> children{};
    std::list<Node>::iterator self{};  ///< in the list that it's in
    State state = State::running;
    Where where{};    ///< the last wait
    Where joining{};  ///< the next one, if it starts operands
    Clock::time_point began;
    Clock::time_point since;  ///< of `state`
    std::uint64_t resumptions = 0;
    Clock::duration busy{};  ///< how long it has held the thread
    bool touched = false;    ///< it has run in this turn of the loop
};

/// One step of a coroutine, for the log of the last ones.
struct Transition {
    Node::Clock::time_point at{};
    std::uint64_t task = 0;
    std::uint64_t node = 0;
    const char* what = "";
    Where where{};
};

}  // namespace beastapi::inspect
