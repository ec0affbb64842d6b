// Runs coroutines of a test, with a deadline on every wait.
#pragma once

#include "beastapi/awaitable.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>

namespace test {

using beastapi::awaitable;
using boost::asio::io_context;
using std::source_location;
using namespace std::chrono_literals;

/// No single wait of a test is longer. It is what a broken program costs, not what a test takes.
constexpr std::chrono::steady_clock::duration deadline = 15s;

/// A wait of the test was in vain.
class DeadlineExceeded : public std::runtime_error {
public:
    DeadlineExceeded(std::string_view what_for, source_location where);
};

/// Such as `chat_test.cpp:12`.
std::string to_string(source_location where);

/// Runs the loop until `test` has ended; throws what it threw. Other work may be left in the loop.
void run(io_context& context, awaitable<void> test, std::chrono::seconds at_most = 60s);

/// Waits until `condition` holds, looking again each millisecond. Name the condition in a statement
/// before: GCC 12 destroys a lambda twice that is written into an expression with co_await.
awaitable<void> until(std::function<bool()> condition, std::string what_for,
                      source_location where = source_location::current());

/// Runs `task` beside the calling coroutine; join() gives back what became of it.
class Task {
public:
    static awaitable<Task> start(awaitable<void> task);
    awaitable<void> join(source_location where = source_location::current());
    bool has_ended() const;

private:
    struct State;
    explicit Task(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
};

}  // namespace test
