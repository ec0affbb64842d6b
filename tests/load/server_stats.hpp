// What a server costs, read from /proc: processor time, memory, descriptors.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace load {

struct ServerSample {
    double cpu_seconds{};  // user and system time
    std::uint64_t rss_kib{};
    std::uint64_t pss_kib{};   // 0 where /proc/PID/smaps_rollup may not be read
    std::uint64_t peak_kib{};  // the most that was ever resident
    std::uint64_t descriptors{};
    std::uint64_t threads{};
};

/// A process by its id, with all its descendants if asked (uvicorn may run workers). A process
/// that ends between two samples takes its processor time with it.
class ServerProcess {
public:
    /// Throws Failure if there is no such process, or it may not be looked at.
    ServerProcess(int pid, bool with_children);

    /// Nothing if the process is gone.
    std::optional<double> cpu_seconds() const;
    std::optional<ServerSample> sample() const;

private:
    std::vector<int> processes() const;

    int pid_;
    bool with_children_;
};

/// Processor time of the load tool itself.
double own_cpu_seconds();

}  // namespace load
