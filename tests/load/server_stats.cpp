// What a server costs, read from /proc: processor time, memory, descriptors.
#include "server_stats.hpp"

#include "net.hpp"

#include <fmt/format.h>

#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

namespace load {

namespace {

namespace fs = std::filesystem;

struct Stat {
    int parent{};
    double cpu_seconds{};
    std::uint64_t threads{};
};

/// /proc/PID/stat; the name in it may hold blanks and parentheses, what follows the last does not.
std::optional<Stat> read_stat(int pid) {
    std::ifstream file{fmt::format("/proc/{}/stat", pid)};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    const auto name_end = text.rfind(')');
    if (name_end == std::string::npos) {
        return std::nullopt;
    }
    std::istringstream fields{text.substr(name_end + 1)};
    std::string state;
    std::string skipped;
    Stat stat;
    std::uint64_t user = 0;
    std::uint64_t system = 0;
    fields >> state >> stat.parent;
    for (int field = 5; field < 14; ++field) {
        fields >> skipped;
    }
    fields >> user >> system;
    for (int field = 16; field < 20; ++field) {
        fields >> skipped;
    }
    fields >> stat.threads;
    stat.cpu_seconds =
        static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
    const bool ended = state == "Z" || state == "X";
    return fields && !ended ? std::optional{stat} : std::nullopt;
}

std::uint64_t read_kib(const std::string& path, std::string_view name) {
    std::ifstream file{path};
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(name)) {
            std::istringstream value{line.substr(name.size())};
            std::uint64_t kib = 0;
            value >> kib;
            return kib;
        }
    }
    return 0;
}

std::uint64_t count_descriptors(int pid) {
    std::error_code error;
    std::uint64_t count = 0;
    for (fs::directory_iterator entry{fmt::format("/proc/{}/fd", pid), error}, end;
         !error && entry != end; entry.increment(error)) {
        ++count;
    }
    return count;
}

}  // namespace

ServerProcess::ServerProcess(int pid, bool with_children)
    : pid_{pid}, with_children_{with_children} {
    if (!read_stat(pid)) {
        throw Failure{fmt::format("there is no process {} (--pid)", pid)};
    }
}

std::vector<int> ServerProcess::processes() const {
    std::vector<int> family{pid_};
    if (!with_children_) {
        return family;
    }
    std::vector<std::pair<int, int>> parents;  // of each process: its id, its parent's
    for (const fs::directory_entry& entry : fs::directory_iterator{"/proc"}) {
        const std::string name = entry.path().filename();
        int pid = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (error == std::errc{} && end == name.data() + name.size()) {
            if (const auto stat = read_stat(pid)) {
                parents.emplace_back(pid, stat->parent);
            }
        }
    }
    for (std::size_t i = 0; i < family.size(); ++i) {
        for (const auto& [pid, parent] : parents) {
            if (parent == family[i]) {
                family.push_back(pid);
            }
        }
    }
    return family;
}

std::optional<double> ServerProcess::cpu_seconds() const {
    double sum = 0;
    for (const int pid : processes()) {
        const auto stat = read_stat(pid);
        if (!stat && pid == pid_) {
            return std::nullopt;
        }
        sum += stat ? stat->cpu_seconds : 0.0;
    }
    return sum;
}

std::optional<ServerSample> ServerProcess::sample() const {
    ServerSample sum;
    for (const int pid : processes()) {
        const auto stat = read_stat(pid);
        if (!stat) {
            if (pid == pid_) {
                return std::nullopt;
            }
            continue;
        }
        const std::string status = fmt::format("/proc/{}/status", pid);
        sum.cpu_seconds += stat->cpu_seconds;
        sum.threads += stat->threads;
        sum.rss_kib += read_kib(status, "VmRSS:");
        sum.peak_kib += read_kib(status, "VmHWM:");
        sum.pss_kib += read_kib(fmt::format("/proc/{}/smaps_rollup", pid), "Pss:");
        sum.descriptors += count_descriptors(pid);
    }
    return sum;
}

double own_cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto in_seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return in_seconds(usage.ru_utime) + in_seconds(usage.ru_stime);
}

}  // namespace load
