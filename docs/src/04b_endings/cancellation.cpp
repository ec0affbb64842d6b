// A cancelled coroutine sees an exception at its next `co_await`; destructors run, as always.
#include "beastapi/asyncio.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <exception>
#include <string>
#include <utility>

namespace asio = boost::asio;
namespace asyncio = beastapi::asyncio;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;
using beastapi::awaitable;

// [seat]
class Seat {
public:
    explicit Seat(std::string name) : name_(std::move(name)) {
        fmt::print("  {} takes a seat\n", name_);
    }
    ~Seat() { fmt::print("  {} leaves the seat\n", name_); }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

private:
    std::string name_;
};
// [/seat]

// [polite]
awaitable<void> polite(std::string name) {
    Seat seat(name);
    co_await asyncio::sleep(24h);
    fmt::print("  never printed\n");
}
// [/polite]

// [stubborn]
awaitable<void> stubborn(std::string name) {
    Seat seat(name);
    for (int attempt = 1; attempt <= 3; ++attempt) {
        try {
            co_await asyncio::sleep(24h);
        } catch (const std::exception& error) {
            fmt::print("  {} goes on after: {}\n", name, error.what());
        }
    }
}
// [/stubborn]

awaitable<void> async_main() {
    fmt::print("polite:\n");
    co_await (polite("Alice") || asyncio::sleep(10ms));
    fmt::print("stubborn:\n");
    co_await (stubborn("Bob") || asyncio::sleep(10ms));
    fmt::print("both have ended\n");
}

int main() {
    asio::io_context context{1};
    asio::co_spawn(context, async_main(), asio::detached);
    context.run();
}
