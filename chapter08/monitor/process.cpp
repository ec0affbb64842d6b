#include "monitor/process.hpp"

#include "monitor/families.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

namespace monitor {

namespace {

/// `/proc/self/stat` from the state on: what is before it may have blanks in it (proc(5)).
std::vector<std::string> stat_fields() {
    std::ifstream file("/proc/self/stat");
    std::string line;
    std::getline(file, line);
    const auto name_end = line.rfind(')');
    std::istringstream rest(name_end == std::string::npos ? "" : line.substr(name_end + 1));
    return {std::istream_iterator<std::string>(rest), {}};
}

/// When the machine started, as Unix time.
double boot_time() {
    std::ifstream file("/proc/stat");
    for (std::string word; file >> word;) {
        if (word == "btime") {
            double seconds = 0;
            file >> seconds;
            return seconds;
        }
    }
    return 0;
}

void add_memory_and_start(std::vector<prometheus::MetricFamily>& families) {
    // proc(5) counts them from 1, the state is the third.
    constexpr std::size_t start_time = 22 - 3;
    constexpr std::size_t virtual_bytes = 23 - 3;
    constexpr std::size_t resident_pages = 24 - 3;
    const std::vector<std::string> fields = stat_fields();
    if (fields.size() <= resident_pages) {
        return;
    }
    const auto number = [&](std::size_t field) { return std::stod(fields[field]); };
    families.push_back(
        gauge("process_start_time_seconds", "When the process started, as Unix time.",
              boot_time() + number(start_time) / static_cast<double>(::sysconf(_SC_CLK_TCK))));
    families.push_back(gauge("process_virtual_memory_bytes", "Virtual memory of the process.",
                             number(virtual_bytes)));
    families.push_back(
        gauge("process_resident_memory_bytes", "Memory of the process that is in RAM.",
              number(resident_pages) * static_cast<double>(::sysconf(_SC_PAGESIZE))));
}

double seconds(const timeval& time) {
    constexpr double microsecond = 1e-6;
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * microsecond;
}

}  // namespace

std::vector<prometheus::MetricFamily> process_metrics() {
    std::vector<prometheus::MetricFamily> families;
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    families.push_back(counter("process_cpu_seconds_total",
                               "Time that the process has run on processors, in the kernel, too.",
                               seconds(usage.ru_utime) + seconds(usage.ru_stime)));
    add_memory_and_start(families);
    std::error_code error;
    const std::filesystem::directory_iterator descriptors("/proc/self/fd", error);
    if (!error) {
        // One of them is that of the directory.
        const auto open = std::distance(begin(descriptors), end(descriptors)) - 1;
        families.push_back(
            gauge("process_open_fds", "Descriptors that are open.", static_cast<double>(open)));
    }
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        families.push_back(gauge("process_max_fds", "Descriptors that may be open.",
                                 static_cast<double>(limit.rlim_cur)));
    }
    return families;
}

}  // namespace monitor
