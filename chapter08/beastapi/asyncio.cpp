#include "beastapi/asyncio.hpp"

namespace beastapi::asyncio {

namespace asio = boost::asio;

awaitable<void> sleep(Duration duration) {
    asio::steady_timer timer(co_await asio::this_coro::executor, duration);
    co_await timer.async_wait(asio::use_awaitable);
}

awaitable<Outcome> settle(awaitable<void> task) {
    try {
        co_await std::move(task);
    } catch (...) {
        co_return std::current_exception();
    }
    co_return nullptr;
}

}  // namespace beastapi::asyncio
