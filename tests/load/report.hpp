// What a run found out, and how it is printed.
#pragma once

#include "acks.hpp"
#include "histogram.hpp"
#include "options.hpp"
#include "server_stats.hpp"

#include <boost/json/object.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace load {

class Swarm;

struct TrafficFigures {
    // In the measured window.
    double seconds{};
    std::uint64_t sent{};
    std::uint64_t delivered{};
    Histogram latency;
    Nanoseconds longest_silence{};

    // From the first message to the end of the drain.
    std::uint64_t sent_in_all{};
    std::uint64_t delivered_in_all{};
    std::uint64_t not_sent{};  // open loop: the connection was too far behind
    std::uint64_t lost{};
    std::uint64_t lost_by_some{};  // of the lost: another member got them
    std::uint64_t duplicates{};
    std::uint64_t overtaken{};
    std::uint64_t damaged{};
    std::uint64_t foreign{};
    std::uint64_t divergent{};
    std::uint64_t order_unchecked{};
    double drain_seconds{};

    std::uint64_t gaps{};  // announced: a history that doesn't go on where the member was
    std::optional<AckFigures> acks;

    std::uint64_t stalled_closed{};
    std::map<std::uint16_t, std::uint64_t> stalled_codes;
};

struct ChurnFigures {
    double seconds{};
    std::uint64_t started{};
    std::uint64_t polite{};
    std::uint64_t torn{};
    std::uint64_t torn_early{};
    std::uint64_t failed{};
};

/// Clients that came back at once.
struct RecoveryFigures {
    std::uint64_t behind{};  // messages that each of them had missed
    std::uint64_t whole{};   // clients
    double seconds{};        // until the last of them was
    Histogram latency;       // from connect to whole
    std::uint64_t messages{};
    std::uint64_t histories{};
    std::uint64_t missing{};
    std::uint64_t duplicates{};
    std::uint64_t damaged{};
    std::uint64_t gaps{};     // announced
    std::uint64_t foreign{};  // live ones that came behind what was missed
};

struct ServerFigures {
    std::optional<ServerSample> before;  // any connection
    std::optional<ServerSample> during;  // at the end of the window, all connections open
    std::optional<ServerSample> after;   // all connections closed
    std::optional<double> cpu_seconds;   // in the window
};

struct Report {
    explicit Report(Options run_with) : options{std::move(run_with)} {}

    Options options;
    bool interrupted{};
    double opening_seconds{};
    Histogram opening;
    double window_seconds{};
    double client_cpu_seconds{};  // in the window
    std::optional<TrafficFigures> traffic;
    std::optional<ChurnFigures> churn;
    std::optional<RecoveryFigures> recovery;
    std::optional<ServerFigures> server;
    std::array<std::uint64_t, kinds> frames{};
    std::uint64_t binary_frames{};
    std::map<std::uint16_t, std::uint64_t> closes;
    std::map<std::string, std::uint64_t> errors;
    std::uint64_t unanswered_closes{};
    std::vector<std::string> problems;  // any of them makes the exit status 1
    std::vector<std::string> notes;

    void take_counts(const Swarm& swarm);
    /// A count that must be 0, and what is counted.
    void add_problem(std::uint64_t count, std::string_view what);
};

boost::json::object to_json(const Report& report);
std::string to_table(const Report& report);

}  // namespace load
