// What a shard of the chat counts, for monitoring.
#pragma once

#include "monitor/histogram.hpp"

#include <cstdint>

namespace chat {

/// Plain integers that belong to the shard's thread, as those of beastapi::Traffic.
struct Activity {
    monitor::Crowds recipients{};       ///< members here to whom a message of the log was sent
    monitor::Durations append{};        ///< of the log, until it had answered; 0 if it did at once
    std::uint64_t duplicates = 0;       ///< messages that the log had already
    std::uint64_t replays_whole = 0;    ///< clients that got all that they had missed
    std::uint64_t replays_gap = 0;      ///< those that didn't, because the log hasn't got it
    std::uint64_t pages = 0;            ///< of earlier messages, for clients that looked back
    std::uint64_t events_told = 0;      ///< to other shards, through the hub
    std::uint64_t events_received = 0;  ///< from them
};

}  // namespace chat
