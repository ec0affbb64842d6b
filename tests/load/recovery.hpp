// Recovery: clients that all come back at once, and each must get exactly what it missed.
#pragma once

#include "delivery.hpp"
#include "report.hpp"
#include "swarm.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace load {

/// What the clients miss: the messages behind a position of the lobby's log, as they were sent.
struct Missed {
    Position since;
    std::vector<std::string> messages;

    std::uint64_t last() const { return since.seq + messages.size(); }
};

/// Connects as a client of its own, and writes --behind messages. Throws Failure if that doesn't
/// work within --connect-timeout.
Missed write_what_is_missed(const Options& options);

/// The options for clients that have everything up to a position.
Options coming_back(Options options, const Position& since);

class Recovery : public Watcher {
public:
    Recovery(const Options& options, Swarm& swarm, const Missed& missed);

    /// Goes on until every client is whole or closed, or the time for it is over.
    void run();
    const RecoveryFigures& figures() const { return figures_; }

    void message(Connection& connection, Opcode opcode, std::string_view payload, Nanoseconds time);
    void frame(Connection& connection, Kind kind, std::string_view payload, Nanoseconds time);
    void closed(Connection& connection);

private:
    struct Client {
        std::uint64_t next{};  // the number of the message that it waits for
        bool caught_up{};      // the server has no more of what it missed
        bool whole{};
    };

    void take(Client& client, std::string_view message);
    bool is_missed_message(std::string_view message, std::uint64_t seq) const;
    void check_whole(Connection& connection, Nanoseconds time);

    const Options& options_;
    Swarm& swarm_;
    const Missed& missed_;
    std::vector<Client> clients_;
    Nanoseconds began_{};
    std::size_t ended_{};  // before they were whole
    RecoveryFigures figures_;
};

}  // namespace load
