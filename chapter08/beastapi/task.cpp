#include "beastapi/task.hpp"

#include "beastapi/net/running_loop.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include <exception>
#include <vector>

namespace beastapi::asyncio {

namespace asio = boost::asio;

namespace detail {

/// A handle may outlive the loop, so nothing here refers to it once the task has ended.
struct TaskState {
    TaskState() = default;
    TaskState(const TaskState&) = delete;
    TaskState& operator=(const TaskState&) = delete;
    ~TaskState() {
        if (error && !retrieved) {
            complain();
        }
    }

    void complain() const noexcept;

    asio::cancellation_signal cancellation;
    std::vector<asio::steady_timer*> waiting;  // each is cancelled at the end
    std::exception_ptr error;
    bool done = false;
    bool cancelled = false;
    bool retrieved = false;  // somebody knows of the error
};

void TaskState::complain() const noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const boost::system::system_error& failure) {
        if (!cancelled || failure.code() != asio::error::operation_aborted) {
            spdlog::error("a task ended by an error: {}", failure.what());
        }
    } catch (const std::exception& failure) {
        spdlog::error("a task ended by an error: {}", failure.what());
    } catch (...) {
        spdlog::error("a task ended by an exception that is no std::exception");
    }
}

namespace {

/// Lives in the task's coroutine, and notes its end: also where that is destroyed with its loop.
class Ending {
public:
    explicit Ending(std::shared_ptr<TaskState> state) noexcept : state_(std::move(state)) {}
    Ending(Ending&&) noexcept = default;
    Ending& operator=(Ending&&) = delete;
    ~Ending() {
        if (state_) {
            state_->done = true;
            for (asio::steady_timer* const timer : state_->waiting) {
                timer->cancel();
            }
        }
    }

    void note(std::exception_ptr error) noexcept { state_->error = std::move(error); }

private:
    std::shared_ptr<TaskState> state_;
};

awaitable<void> run(awaitable<void> coroutine, Ending ending) {
    try {
        co_await asio::post(asio::use_awaitable);  // a task that is cancelled by then never begins
        co_await std::move(coroutine);
    } catch (...) {
        ending.note(std::current_exception());
    }
}

/// Lives in a coroutine that waits for the end of a task.
class Waiting {
public:
    Waiting(TaskState& state, asio::steady_timer& timer) : state_(state), timer_(&timer) {
        state_.waiting.push_back(timer_);
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() { std::erase(state_.waiting, timer_); }

private:
    TaskState& state_;
    asio::steady_timer* timer_;
};

awaitable<void> wait_for_end(std::shared_ptr<TaskState> state) {
    asio::steady_timer timer(co_await asio::this_coro::executor,
                             asio::steady_timer::time_point::max());
    {
        const Waiting waiting(*state, timer);
        boost::system::error_code ignored;
        while (!state->done) {
            co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        }
    }
    state->retrieved = true;
    if (state->error) {
        std::rethrow_exception(state->error);
    }
}

}  // namespace

}  // namespace detail

bool Task::done() const noexcept {
    return state_->done;
}

void Task::cancel() const {
    if (!state_->done) {
        state_->cancelled = true;
        state_->cancellation.emit(asio::cancellation_type::terminal);
    }
}

awaitable<void> Task::wait() const {
    return detail::wait_for_end(state_);
}

Task create_task(awaitable<void> coroutine) {
    asio::io_context& loop = beastapi::detail::RunningLoop::get();
    auto state = std::make_shared<detail::TaskState>();
    asio::cancellation_slot slot = state->cancellation.slot();
    asio::co_spawn(loop, detail::run(std::move(coroutine), detail::Ending(state)),
                   asio::bind_cancellation_slot(slot, [state](const std::exception_ptr&) {}));
    return Task(std::move(state));
}

}  // namespace beastapi::asyncio
