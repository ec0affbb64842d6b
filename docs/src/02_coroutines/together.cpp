// One after the other, together with `&&`, and a result from each.
#include "beastapi/asyncio.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <string>

namespace asio = boost::asio;
namespace asyncio = beastapi::asyncio;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;
using beastapi::awaitable;

// [count]
awaitable<int> count(std::string name, int upto) {
    for (int n = 1; n <= upto; ++n) {
        fmt::print("  {} {}\n", name, n);
        co_await asyncio::sleep(0s);  // gives the others a turn
    }
    co_return upto;
}
// [/count]

// [main]
awaitable<void> async_main() {
    fmt::print("one after the other:\n");
    int a = co_await count("A", 2);
    int b = co_await count("B", 2);
    fmt::print("  {} and {}\n", a, b);

    fmt::print("together:\n");
    std::tuple<int, int> both = co_await (count("A", 2) && count("B", 3));
    fmt::print("  {} and {}\n", std::get<0>(both), std::get<1>(both));

    fmt::print("the first wins, the other is cancelled:\n");
    std::variant<int, int> first = co_await (count("A", 1) || count("B", 1000000));
    fmt::print("  number {} was first\n", first.index());
}
// [/main]

int main() {
    asio::io_context context{1};
    asio::co_spawn(context, async_main(), asio::detached);
    context.run();
}
