// `a || b` waits for the first *success*: an exception is held back until the other ends.
#include "beastapi/asyncio.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <stdexcept>
#include <string>

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
        for (int n = 1; n <= 3; ++n) {
            co_await asyncio::sleep(50ms);
            fmt::print("  ticker: {}, to a disconnected client\n", n);
        }
        fmt::print("  ticker: only because I end does anybody hear of it\n");
    } catch (const boost::system::system_error&) {
        fmt::print("  ticker: cancelled\n");
        throw;
    }
}
// [/operands]

// [bare]
awaitable<void> bare() {
    std::string result = "no exception: it is lost";
    try {
        co_await (listen() || ticker());
    } catch (const std::exception& error) {
        result = error.what();
    }
    fmt::print("  caught: {}\n", result);
}
// [/bare]

// [settled]
awaitable<void> settled() {
    std::string result = "no exception: it is lost";
    try {
        const auto ended = co_await (asyncio::settle(listen()) || asyncio::settle(ticker()));
        asyncio::rethrow(ended);
    } catch (const std::exception& error) {
        result = error.what();
    }
    fmt::print("  caught: {}\n", result);
}
// [/settled]

awaitable<void> async_main() {
    fmt::print("listen() || ticker():\n");
    co_await bare();
    fmt::print("settle(listen()) || settle(ticker()):\n");
    co_await settled();
}

int main() {
    asio::io_context context{1};
    asio::co_spawn(context, async_main(), asio::detached);
    context.run();
}
