#include "beastapi/net/descriptor_limit.hpp"

#include <spdlog/spdlog.h>

#include <sys/resource.h>

namespace beastapi::detail {

void raise_descriptor_limit(std::size_t connections) {
    constexpr std::size_t others =
        300;  // files, the log, those who are told that there is no place
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
