#include "beastapi/net/loop_lag.hpp"

#include <exception>

namespace beastapi::detail {

void LoopLag::start() noexcept {
    try {
        timer_.expires_after(interval);
        timer_.async_wait(Handler(*this));
    } catch (const std::exception&) {}  // then it isn't measured any more
}

void LoopLag::stop() noexcept {
    stopped_ = true;
    timer_.cancel();
}

void LoopLag::on_timer() noexcept {
    if (!stopped_) {
        lag_.observe(std::chrono::steady_clock::now() - timer_.expiry());
        start();
    }
}

}  // namespace beastapi::detail
