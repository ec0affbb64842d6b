// A call that blocks stops everybody; a coroutine that sleeps, and a thread of its own, do not.
#include "beastapi/asyncio.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <fmt/format.h>

#include <thread>

namespace asio = boost::asio;
namespace asyncio = beastapi::asyncio;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;
using beastapi::awaitable;

// [work]
awaitable<void> blocks() {
    std::this_thread::sleep_for(200ms);
    co_return;
}

awaitable<void> sleeps() {
    co_await asyncio::sleep(200ms);
}

awaitable<void> in_a_thread(asio::thread_pool& pool) {
    co_await asio::co_spawn(pool, blocks(), asio::use_awaitable);
}
// [/work]

// [watch]
// Counts the turns that the others get meanwhile.
awaitable<void> heart(int& beats) {
    while (true) {
        co_await asyncio::sleep(5ms);
        ++beats;
    }
}

awaitable<void> watch(const char* what, awaitable<void> work) {
    int beats = 0;
    co_await (std::move(work) || heart(beats));
    fmt::print("{}: the others got {}\n", what, beats == 0 ? "no turn at all" : "their turns");
}
// [/watch]

awaitable<void> async_main(asio::thread_pool& pool) {
    co_await watch("blocks()", blocks());
    co_await watch("sleeps()", sleeps());
    co_await watch("in_a_thread()", in_a_thread(pool));
}

int main() {
    asio::thread_pool pool(1);
    asio::io_context context{1};
    asio::co_spawn(context, async_main(pool), asio::detached);
    context.run();
}
