// The clock of the load tool: nanoseconds since the program started, on the monotonic clock.
#pragma once

#include <time.h>

#include <cstdint>

namespace load {

using Nanoseconds = std::uint64_t;

inline Nanoseconds monotonic() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<Nanoseconds>(time.tv_sec) * 1'000'000'000U +
           static_cast<Nanoseconds>(time.tv_nsec);
}

inline const Nanoseconds program_start = monotonic();

inline Nanoseconds now() {
    return monotonic() - program_start;
}

inline double seconds(Nanoseconds time) {
    return static_cast<double>(time) / 1e9;
}

inline Nanoseconds nanoseconds(double seconds) {
    return static_cast<Nanoseconds>(seconds * 1e9);
}

}  // namespace load
