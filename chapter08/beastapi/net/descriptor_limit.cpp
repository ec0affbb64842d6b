#include "beastapi/net/descriptor_limit.hpp"

#include <spdlog/spdlog.h>

#include <sys/resource.h>

namespace beastapi::detail {

void raise_descriptor_limit(std::size_t connections, std::size_t workers) {
    // Files, the log, those who are told that there is no place; then what a loop and its listeners
    // take.
    const std::size_t others = 290 + 10 * workers;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
        ::getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur < connections + others) {
        spdlog::warn(
            "{} connections are allowed, but only {} open files: raise the limit "
            "(ulimit -n, or LimitNOFILE=)",
            connections, limit.rlim_cur);
    }
}

}  // namespace beastapi::detail
