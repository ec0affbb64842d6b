// What a coroutine waits for that is answered through a function.
#pragma once

#include "beastapi/awaitable.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace chat {

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
    /// before.
    static beastapi::awaitable<T> get(std::shared_ptr<Late> self) {
        namespace asio = boost::asio;
        if (!self->value_) {
            const auto executor = co_await asio::this_coro::executor;
            self->waiting_.emplace(executor, asio::steady_timer::time_point::max());
            co_await self->waiting_->async_wait(asio::as_tuple(asio::use_awaitable));
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

/// What `ask` gives to the function that it is called with, at once or later.
template <class T>
beastapi::awaitable<T> answer_of(std::function<void(std::function<void(T)>)> ask) {
    const auto late = std::make_shared<Late<T>>();
    ask([late](T value) { late->set(std::move(value)); });
    return Late<T>::get(late);
}

}  // namespace chat
