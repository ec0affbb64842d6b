// A disk that is full, for this process.
#pragma once

#include <signal.h>
#include <sys/resource.h>

#include <stdexcept>

namespace test {

/// While it lives, no file of this process grows beyond so many bytes: writes fail with EFBIG, and
/// without the signal that goes with it.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
        if (::getrlimit(RLIMIT_FSIZE, &before_) != 0) {
            throw std::runtime_error("getrlimit failed");
        }
        const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
        if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) {
            throw std::runtime_error("setrlimit failed");
        }
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        ::signal(SIGXFSZ, handler_);
    }

private:
    rlimit before_{};
    void (*handler_)(int);
};

}  // namespace test
