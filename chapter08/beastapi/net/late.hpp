// What a coroutine waits for that comes through a function, perhaps from another thread's loop.
#pragma once

#include "beastapi/awaitable.hpp"
#include "beastapi/inspect/wait.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace beastapi::detail {

/// A value that comes later, to the coroutine that waits for it: Python's `asyncio.Future`.
template <class T>
class Late {
public:
    void set(T value) {
        value_ = std::move(value);
        if (waiting_) {
            waiting_->cancel();
        }
    }

    /// Throws boost::system::system_error (operation_aborted) when the coroutine is cancelled
    /// before. `where` is for the inspector.
    static awaitable<T> get(std::shared_ptr<Late> self, inspect::Where where = {}) {
        namespace asio = boost::asio;
        if (!self->value_) {
            inspect::Wait waiting;
            if (inspect::is_on() && where.what != nullptr) {
                const void* const thread = co_await inspect::this_thread();
                waiting.begin(thread, where);
            }
            const auto executor = co_await asio::this_coro::executor;
            self->waiting_.emplace(executor, asio::steady_timer::time_point::max());
            co_await self->waiting_->async_wait(asio::as_tuple(asio::use_awaitable));
            waiting.resumed();
        }
        if (!self->value_) {
            throw boost::system::system_error(asio::error::operation_aborted);
        }
        co_return std::move(*self->value_);
    }

private:
    std::optional<T> value_;
    std::optional<boost::asio::steady_timer> waiting_;
};

}  // namespace beastapi::detail
