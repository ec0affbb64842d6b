#include "beastapi/detail/signal.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace beastapi::detail {

namespace asio = boost::asio;

Signal::Signal(const asio::io_context::executor_type& executor)
    : timer_(executor, Timer::time_point::max()) {}

awaitable<void> Signal::wait() {
    // The timer never expires: to cancel it is to notify.
    boost::system::error_code ignored;
    ++waiting_;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
        throw boost::system::system_error(asio::error::operation_aborted);
    }
}

void Signal::notify_all() {
    if (waiting_ > 0) {
        waiting_ = 0;
        timer_.cancel();
    }
}

}  // namespace beastapi::detail
