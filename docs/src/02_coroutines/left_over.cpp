// What becomes of a coroutine when the one that spawned it returns: run() waits for it.
#include "beastapi/asyncio.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <string>

namespace asio = boost::asio;
namespace asyncio = beastapi::asyncio;
using namespace std::chrono_literals;
using beastapi::awaitable;

// [all]
awaitable<void> greet(std::string name) {
    fmt::print("{}: hello\n", name);
    co_await asyncio::sleep(50ms);
    fmt::print("{}: goodbye\n", name);
}

awaitable<void> async_main() {
    const auto executor = co_await asio::this_coro::executor;
    asio::co_spawn(executor, greet("Alice"), asio::detached);
    co_await asyncio::sleep(10ms);
    fmt::print("async_main() returns\n");
}

int main() {
    asio::io_context context{1};
    asio::co_spawn(context, async_main(), asio::detached);
    context.run();
    fmt::print("run() has returned\n");
}
// [/all]
