#include "beastapi/asyncio.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/thread_pool.hpp>

namespace beastapi::asyncio {

namespace asio = boost::asio;

namespace detail {

namespace {

/// Lives in the loop's context, which ends it before anything that its calls come back to.
class Worker : public asio::execution_context::service {
public:
    using key_type = Worker;
    inline static asio::execution_context::id id;

    explicit Worker(asio::execution_context& context) : asio::execution_context::service(context) {}

    asio::any_io_executor executor() { return thread_.get_executor(); }

private:
    void shutdown() noexcept override {
        thread_.stop();
        thread_.join();
    }

    asio::thread_pool thread_{1};
};

}  // namespace

asio::any_io_executor worker_of(const asio::any_io_executor& loop) {
    return asio::use_service<Worker>(asio::query(loop, asio::execution::context)).executor();
}

}  // namespace detail

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
