// An event loop and two coroutines: a call alone runs nothing, and `co_await` lets the other go on.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <chrono>
#include <string>

namespace asio = boost::asio;
using asio::awaitable;
using namespace std::chrono_literals;

// [sleep]
awaitable<void> sleep(std::chrono::milliseconds duration) {
    asio::any_io_executor executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, duration);
    co_await timer.async_wait(asio::use_awaitable);
}
// [/sleep]

// [greet]
awaitable<void> greet(std::string name) {
    fmt::print("{}: hello\n", name);
    co_await sleep(10ms);
    fmt::print("{}: goodbye\n", name);
}
// [/greet]

// [main]
int main() {
    asio::io_context context;

    awaitable<void> alice = greet("Alice");
    awaitable<void> bob = greet("Bob");
    fmt::print("called, and nothing has run\n");

    asio::co_spawn(context, std::move(alice), asio::detached);
    asio::co_spawn(context, std::move(bob), asio::detached);
    fmt::print("handed to the event loop, and nothing has run\n");

    context.run();
    fmt::print("run() returns when there is nothing left to do\n");
}
// [/main]
