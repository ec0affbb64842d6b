#include "chat/token_expiry.hpp"

#include <boost/asio/steady_timer.hpp>

#include <utility>

namespace chat {

using std::chrono::steady_clock;

struct TokenExpiry::Timer {
    boost::asio::steady_timer timer;
    std::function<void()> expired;
};

TokenExpiry::TokenExpiry(const boost::asio::any_io_executor& executor,
                         std::function<void()> expired)
    : timer_(
          std::make_shared<Timer>(Timer{boost::asio::steady_timer(executor), std::move(expired)})) {
}

TokenExpiry::~TokenExpiry() = default;

void TokenExpiry::expire_after(std::chrono::system_clock::duration left) {
    timer_->timer.expires_after(std::chrono::duration_cast<steady_clock::duration>(left));
    wait(timer_);
}

void TokenExpiry::wait(const std::shared_ptr<Timer>& timer) {
    // Neither cancelling nor destroying a timer takes back a handler that is already on its way: so
    // the handler does not keep the timer alive, and asks whether the time has come.
    timer->timer.async_wait([weak = std::weak_ptr(timer)](const boost::system::error_code& error) {
        const auto alive = weak.lock();
        if (!error && alive && alive->timer.expiry() <= steady_clock::now()) {
            alive->expired();
        }
    });
}

}  // namespace chat
