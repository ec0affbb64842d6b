// Wrong on purpose: a broadcast that waits for each member in turn, and a member who stops reading.
#include "loopback.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <fmt/format.h>

#include <string>

using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

constexpr int messages = 200;

// [broadcast]
awaitable<void> broadcast(Line& bob, Line& carol, const std::string& text) {
    co_await bob.server.async_write(asio::buffer(text), use_awaitable);
    co_await carol.server.async_write(asio::buffer(text), use_awaitable);
}

awaitable<void> speak(Line& bob, Line& carol, int& said) {
    const std::string text(60'000, 'x');
    for (said = 0; said < messages; ++said) {
        co_await broadcast(bob, carol, text);
    }
}
// [/broadcast]

// [read]
awaitable<void> read(Stream& client, bool is_awake) {
    if (!is_awake) {
        co_await sleep(24h);
    }
    beast::flat_buffer buffer;
    while (true) {
        co_await client.async_read(buffer, use_awaitable);
        buffer.clear();
    }
}

// Returns when Alice has got no further for a second.
awaitable<void> stuck(const int& said) {
    for (int before = -1; before != said;) {
        before = said;
        co_await sleep(1s);
    }
}
// [/read]

// [room]
awaitable<void> room(bool bob_reads) {
    const auto executor = co_await asio::this_coro::executor;
    Line bob(executor);
    Line carol(executor);
    co_await open(bob);
    co_await open(carol);
    int said = 0;
    const auto ended = co_await (speak(bob, carol, said) || stuck(said) ||
                                 read(bob.client, bob_reads) || read(carol.client, true));
    const bool all = ended.index() == 0;
    fmt::print("  Alice {}\n", all ? "has said all of it" : "waits in the middle, for Bob");
    fmt::print("  Carol, who reads, {}\n", all ? "got it" : "hears nothing more");
}
// [/room]

awaitable<void> async_main() {
    fmt::print("Bob reads:\n");
    co_await room(true);
    fmt::print("Bob stops reading:\n");
    co_await room(false);
}

int main() {
    asio::io_context context{1};
    asio::co_spawn(context, async_main(), asio::detached);
    context.run();
}
