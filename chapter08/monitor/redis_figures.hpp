// What a connection to Redis counts, for monitoring.
#pragma once

#include "monitor/histogram.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace monitor {

struct RedisFigures {
    std::string connection{};  ///< what it's for: the end of the name in `CLIENT LIST`
    bool connected = false;
    std::uint64_t connects = 0;  ///< how often a connection was made
    std::uint64_t losses = 0;    ///< and lost
    Durations round_trips{};     ///< from a command to its answer
};

}  // namespace monitor
