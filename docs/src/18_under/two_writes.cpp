// Wrong on purpose: two coroutines write to one stream at once. Beast's own check ends the process.
#undef NDEBUG  // else the check is left out, and nobody knows what happens

#include "loopback.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string>

using namespace asio::experimental::awaitable_operators;

// [tell]
awaitable<void> tell(Stream& member, std::string text) {
    fmt::print("to Bob: {}\n", text);
    std::fflush(stdout);
    co_await member.async_write(asio::buffer(text), use_awaitable);
}

awaitable<void> async_main() {
    Line bob(co_await asio::this_coro::executor);
    co_await open(bob);
    co_await (tell(bob.server, "Alice says hello") && tell(bob.server, "Carol says hello"));
    fmt::print("Bob has been told\n");  // never printed
}
// [/tell]

int main() {
    asio::io_context context{1};
    asio::co_spawn(context, async_main(), asio::detached);
    context.run();
}
