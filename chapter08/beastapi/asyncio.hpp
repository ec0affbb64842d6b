// The corner of Python's asyncio that handlers use, under Python's names.
#pragma once

#include "beastapi/awaitable.hpp"
#include "beastapi/inspect/wait.hpp"
#include "beastapi/task.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <source_location>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace beastapi::asyncio {

using Duration = std::chrono::steady_clock::duration;

/// Thrown by wait_for when the time is up.
class TimeoutError : public std::runtime_error {
public:
    TimeoutError() : std::runtime_error("timed out") {}
};

/// Suspends the calling coroutine for `duration`; zero or less gives the other coroutines a turn.
/// Throws boost::system::system_error (operation_aborted) when the coroutine is cancelled.
///
/// `where` is for the inspector, here as everywhere: nobody needs to pass it.
awaitable<void> sleep(Duration duration,
                      std::source_location where = std::source_location::current());

/// Waits for `task`, at most `timeout`, and gives back what it returns or throws.
///
/// When the time is up, `task` is cancelled, and TimeoutError is thrown once it has stopped. A task
/// that finishes in the very moment in which the time runs out counts as finished, so that nothing
/// it received is lost: `co_await wait_for(websocket.receive_text(), 5s)` leaves the connection
/// usable.
template <class T>
awaitable<T> wait_for(awaitable<T> task, Duration timeout,
                      std::source_location where = std::source_location::current());

/// What became of a task: null if it returned, else the exception that ended it.
using Outcome = std::exception_ptr;

/// Runs `task` to its end and hands its exception over as a value, as Python's
/// `gather(return_exceptions=True)` does.
///
/// Operands of `||` (boost::asio::experimental::awaitable_operators) want this: `a || b` ends with
/// the first that *succeeds*, so an exception thrown by one would wait for the other to end.
/// Operands of `&&` don't: `a && b` ends with the first that *fails*, and cancels the other.
awaitable<Outcome> settle(awaitable<void> task,
                          std::source_location where = std::source_location::current());

/// Throws what the first of settled tasks to end has thrown, if it has.
template <class... Outcomes>
void rethrow(const std::variant<Outcomes...>& first) {
    const Outcome outcome = std::visit([](const Outcome& which) { return which; }, first);
    if (outcome) {
        std::rethrow_exception(outcome);
    }
}

/// Calls `function` with `arguments` on a thread beside the loop, where it may block, and gives
/// back what it returns or throws; the calling coroutine goes on in its own loop.
///
/// Copies are handed over, as to std::thread: std::ref() hands over a reference. A loop has one
/// such thread, so what is called first is done first, and its coroutine goes on first. What it
/// returns is default constructible. A thread can't be cancelled: neither is the wait for it.
template <class Function, class... Arguments>
auto to_thread(Function function, Arguments... arguments)
    -> awaitable<std::invoke_result_t<Function, std::unwrap_reference_t<Arguments>...>>;

namespace detail {

/// The thread of a loop for what blocks. It begins with the first call, and ends with the loop.
boost::asio::any_io_executor worker_of(const boost::asio::any_io_executor& loop);

template <class Result, class Call>
awaitable<Result> run_call(Call call) {
    co_return call();
}

/// Cancels the timer when the coroutine that it lives in is destroyed before it has ended.
class TimerGuard {
public:
    explicit TimerGuard(boost::asio::steady_timer& timer) noexcept : timer_(&timer) {}
    TimerGuard(const TimerGuard&) = delete;
    TimerGuard& operator=(const TimerGuard&) = delete;
    ~TimerGuard() {
        if (timer_ != nullptr) {
            timer_->cancel();
        }
    }
    void dismiss() noexcept { timer_ = nullptr; }

private:
    boost::asio::steady_timer* timer_;
};

/// Asio destroys a coroutine for whose next operation there is no memory. wait_for() isn't
/// told: without the guard, it would wait until `timer` expires.
template <class T>
awaitable<T> run_guarded(awaitable<T> task, boost::asio::steady_timer& timer) {
    TimerGuard guard(timer);
    const inspect::Operand operand;
    try {
        if constexpr (std::is_void_v<T>) {
            co_await std::move(task);
            guard.dismiss();
            operand.end();
        } else {
            T result = co_await std::move(task);
            guard.dismiss();
            operand.end();
            co_return result;
        }
    } catch (...) {
        guard.dismiss();
        operand.end();
        throw;
    }
}

}  // namespace detail

template <class Function, class... Arguments>
auto to_thread(Function function, Arguments... arguments)
    -> awaitable<std::invoke_result_t<Function, std::unwrap_reference_t<Arguments>...>> {
    namespace asio = boost::asio;
    using Result = std::invoke_result_t<Function, std::unwrap_reference_t<Arguments>...>;
    const auto worker = detail::worker_of(co_await asio::this_coro::executor);
    auto call = [function = std::move(function),
                 values = std::tuple<std::unwrap_reference_t<Arguments>...>(
                     std::move(arguments)...)]() mutable -> Result {
        return std::apply(std::move(function), std::move(values));
    };
    // Asio's cancellation must not cross from one thread to another.
    auto token = asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable);
    inspect::Wait waiting;
    if (inspect::is_on()) {
        const void* const thread = co_await inspect::this_thread();
        waiting.begin(thread, inspect::Where("a thread", std::source_location()));
    }
    auto called =
        asio::co_spawn(worker, detail::run_call<Result>(std::move(call)), std::move(token));
    if constexpr (std::is_void_v<Result>) {
        co_await std::move(called);
        waiting.resumed();
    } else {
        Result result = co_await std::move(called);
        waiting.resumed();
        co_return result;
    }
}

template <class T>
awaitable<T> wait_for(awaitable<T> task, Duration timeout, std::source_location where) {
    namespace asio = boost::asio;
    inspect::join("its child, or a timer", where);
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, timeout);
    auto group = asio::experimental::make_parallel_group(
        asio::co_spawn(executor, detail::run_guarded(std::move(task), timer), asio::deferred),
        timer.async_wait(asio::deferred));
    auto results =
        co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    const bool timed_out = std::get<0>(results)[0] == 1;
    const std::exception_ptr error = std::get<1>(results);
    if (error) {
        const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
        if (timed_out && state.cancelled() == asio::cancellation_type::none) {
            throw TimeoutError();
        }
        std::rethrow_exception(error);
    }
    if constexpr (!std::is_void_v<T>) {
        co_return std::move(std::get<2>(results));
    }
}

}  // namespace beastapi::asyncio
