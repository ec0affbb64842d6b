#include "support/loop.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <exception>
#include <filesystem>
#include <memory>
#include <optional>

namespace test {

namespace asio = boost::asio;

DeadlineExceeded::DeadlineExceeded(std::string_view what_for, source_location where)
    : std::runtime_error(fmt::format(
          "{}: waited {} s in vain for {}", to_string(where),
          std::chrono::duration_cast<std::chrono::seconds>(deadline).count(), what_for)) {}

std::string to_string(source_location where) {
    return fmt::format("{}:{}", std::filesystem::path(where.file_name()).filename().string(),
                       where.line());
}

void run(io_context& context, awaitable<void> test, std::chrono::seconds at_most) {
    // Shared with the handler: if the time is up, the coroutine outlives this call.
    const auto outcome = std::make_shared<std::optional<std::exception_ptr>>();
    asio::co_spawn(context, std::move(test),
                   [outcome](std::exception_ptr error) { *outcome = std::move(error); });
    const auto end = std::chrono::steady_clock::now() + at_most;
    context.restart();
    while (!*outcome && context.run_one_until(end) > 0) {}
    if (!*outcome) {
        throw std::runtime_error(context.stopped()
                                     ? "the test waits for something that can never come"
                                     : fmt::format("the test took over {} s", at_most.count()));
    }
    if (**outcome) {
        std::rethrow_exception(**outcome);
    }
}

awaitable<void> until(std::function<bool()> condition, std::string what_for,
                      source_location where) {
    asio::steady_timer pause(co_await asio::this_coro::executor);
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) {
            throw DeadlineExceeded(what_for, where);
        }
        pause.expires_after(1ms);
        co_await pause.async_wait(asio::use_awaitable);
    }
}

struct Task::State {
    std::optional<std::exception_ptr> outcome;
};

awaitable<Task> Task::start(awaitable<void> task) {
    const auto executor = co_await asio::this_coro::executor;
    const auto state = std::make_shared<State>();
    const auto note = [state](std::exception_ptr error) { state->outcome = std::move(error); };
    asio::co_spawn(executor, std::move(task), note);
    co_return Task(state);
}

bool Task::has_ended() const {
    return state_->outcome.has_value();
}

awaitable<void> Task::join(source_location where) {
    const auto state = state_;
    const auto ended = [state] { return state->outcome.has_value(); };
    co_await until(ended, "a coroutine of the test", where);
    if (*state->outcome) {
        std::rethrow_exception(*state->outcome);
    }
}

}  // namespace test
