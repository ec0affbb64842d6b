#include "beastapi/net/loop_lag.hpp"

#include "beastapi/inspect/registry.hpp"

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
        const auto lag = std::chrono::steady_clock::now() - timer_.expiry();
        lag_.observe(lag);
        if (inspect::is_on()) {
            inspect::registry->note_lag(lag);
        }
        start();
    }
}

}  // namespace beastapi::detail
