#include "beastapi/asyncio.hpp"

#include "beastapi/inspect/wait.hpp"
#include "beastapi/net/reserved_post.hpp"
#include "beastapi/net/slot_guard.hpp"

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
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

namespace {

using Storage = beastapi::detail::OperationStorage<208>;
using beastapi::detail::SlotGuard;

}  // namespace

// As AsyncCondition::wait(), it has all its memory before the coroutine suspends, because Asio
// destroys a suspended coroutine that lacks memory, and tells nobody.
awaitable<void> sleep(Duration duration, std::source_location where) {
    Storage storage;
    inspect::Wait waiting;
    const inspect::Where place(duration > Duration::zero() ? "a timer" : "its turn", where);
    asio::steady_timer timer(co_await asio::this_coro::executor, duration);
    SlotGuard slot((co_await asio::this_coro::cancellation_state).slot());
    slot.assign([&timer] { timer.cancel(); });
    auto operation = asio::async_initiate<const asio::deferred_t&, void(boost::system::error_code)>(
        [](auto handler, asio::steady_timer* alarm, Storage* room, inspect::Wait* wait,
           const inspect::Where* at) {
            wait->begin(handler, *at);
            alarm->async_wait(asio::bind_allocator(
                Storage::Allocator<char>(*room),
                asio::bind_cancellation_slot(asio::cancellation_slot(), std::move(handler))));
        },
        asio::deferred, &timer, &storage, &waiting, &place);
    co_await std::move(operation);
    waiting.resumed();
}

namespace {

awaitable<Outcome> outcome_of(awaitable<void> task) {
    const inspect::Operand operand;
    Outcome outcome;
    try {
        co_await std::move(task);
    } catch (...) {
        outcome = std::current_exception();
    }
    operand.end();
    co_return outcome;
}

}  // namespace

awaitable<Outcome> settle(awaitable<void> task, std::source_location where) {
    inspect::join("its children", where);
    return outcome_of(std::move(task));
}

}  // namespace beastapi::asyncio
