// Wakes coroutines that wait for something to happen on the same thread.
#pragma once

#include "beastapi/awaitable.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace beastapi::detail {

/// A condition variable for coroutines of one io_context. Whoever waits checks its condition in a
/// loop, because a wake-up says only that something may have changed.
class Signal {
public:
    using Timer =
        boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                          boost::asio::wait_traits<std::chrono::steady_clock>,
                                          boost::asio::io_context::executor_type>;

    explicit Signal(const boost::asio::io_context::executor_type& executor);

    /// Suspends until the next notify_all(). The Signal must outlive the wait.
    /// Throws boost::system::system_error (operation_aborted) when the coroutine is cancelled.
    awaitable<void> wait();

    /// Calls `function` once, from the event loop, at the next notify_all().
    template <class Function>
    void on_notify(Function function) {
        ++waiting_;
        timer_.async_wait([function = std::move(function)](
                              const boost::system::error_code&) mutable { std::move(function)(); });
    }

    /// Resumes, from the event loop and not from within this call, everyone who waits.
    void notify_all();

private:
    Timer timer_;
    std::size_t waiting_ = 0;
};

}  // namespace beastapi::detail
