// `a && b` waits for both, or for the first *error*: then it cancels the other, and throws.
#include "beastapi/asyncio.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <exception>
#include <stdexcept>

namespace asio = boost::asio;
namespace asyncio = beastapi::asyncio;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;
using beastapi::awaitable;

// [operands]
awaitable<void> listen() {
    co_await asyncio::sleep(0s);
    fmt::print("  listen: the client disconnected, I throw\n");
    throw std::runtime_error("the client disconnected");
}

awaitable<void> ticker() {
    try {
        while (true) {
            co_await asyncio::sleep(50ms);
        }
    } catch (const boost::system::system_error&) {
        fmt::print("  ticker: cancelled\n");
        throw;
    }
}
// [/operands]

// [bare]
awaitable<void> bare() {
    try {
        co_await (listen() && ticker());
    } catch (const asio::multiple_exceptions& both) {
        try {
            std::rethrow_exception(both.first_exception());
        } catch (const std::runtime_error& first) {
            fmt::print("  caught: {}, first: {}\n", both.what(), first.what());
        }
    }
}
// [/bare]

// [settled]
awaitable<void> wait_for_both() {
    co_await (asyncio::settle(listen()) && asyncio::settle(ticker()));
}

awaitable<void> settled() {
    const auto first = co_await (wait_for_both() || asyncio::sleep(200ms));
    fmt::print("  {}\n", first.index() == 0 ? "both have ended" : "it still waited after 200 ms");
}
// [/settled]

awaitable<void> async_main() {
    fmt::print("listen() && ticker():\n");
    co_await bare();
    fmt::print("settle(listen()) && settle(ticker()):\n");
    co_await settled();
}

int main() {
    asio::io_context context{1};
    asio::co_spawn(context, async_main(), asio::detached);
    context.run();
}
