// What an App counts while it serves, for monitoring.
#pragma once

#include "monitor/histogram.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace beastapi {

/// Plain integers of one event loop: counting them costs next to nothing, and only that loop's
/// thread may look at them.
struct Traffic {
    /// The WebSockets of one route.
    struct Endpoint {
        std::uint64_t accepted = 0;
        std::uint64_t open = 0;
    };

    /// By the template of their path. An entry stays where it is.
    std::map<std::string, Endpoint, std::less<>> endpoints{};
    /// HTTP responses by their status.
    std::array<std::uint64_t, 600> responses{};
    void count_response(unsigned status) noexcept {
        if (status < responses.size()) {
            ++responses[status];
        }
    }

    std::uint64_t messages_received = 0;  ///< of WebSockets, as are those sent
    std::uint64_t messages_sent = 0;
    std::uint64_t streams_opened = 0;  ///< answers whose body comes bit by bit
    std::uint64_t streams_open = 0;
    std::uint64_t pieces_sent = 0;     ///< of streams: events, or what else was written to them
    std::uint64_t bytes_received = 0;  ///< as they came over TCP, of HTTP, too
    std::uint64_t bytes_sent = 0;      ///< as the operating system took them
    monitor::Sizes flush_bytes{};      ///< that it took in one call

    /// From the read that brought a message until what it led to had been given to the operating
    /// system, for all readers that take it: see WebSocket::note_delivery().
    monitor::Durations delivery{};
    /// By how much a timer was late.
    monitor::Durations loop_lag{};
};

/// How things are at this moment, on one event loop.
struct Load {
    std::size_t connections = 0;     ///< of TCP: HTTP and WebSocket
    std::size_t outbox_bytes = 0;    ///< that wait for readers
    std::size_t largest_outbox = 0;  ///< bytes of them that wait for one reader
    std::size_t congested = 0;       ///< readers whose socket takes nothing now
};

}  // namespace beastapi
