// Who lives how long: a parameter by reference, by value, moved; a lambda's captures.
#include "beastapi/asyncio.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <string>
#include <utility>

namespace asio = boost::asio;
namespace asyncio = beastapi::asyncio;
using namespace std::chrono_literals;
using beastapi::awaitable;

// [name]
// A text that says when it dies; one that has been moved away says nothing.
class Name {
public:
    explicit Name(std::string text) : text_(std::move(text)) {}
    ~Name() {
        if (!text_.empty()) {
            fmt::print("  {} dies\n", text_);
        }
    }
    Name(const Name& other) : text_("a copy of " + other.text_) {}
    Name(Name&& other) noexcept : text_(std::exchange(other.text_, "")) {}
    Name& operator=(const Name&) = delete;

    const std::string& text() const { return text_; }

private:
    std::string text_;
};
// [/name]

// [by_reference]
awaitable<void> by_reference(const Name& name) {
    fmt::print("  {} is greeted\n", name.text());
    co_await asyncio::sleep(5ms);
    fmt::print("  the greeting goes on\n");  // is the name still there?
}
// [/by_reference]

// [by_value]
awaitable<void> by_value(Name name) {
    fmt::print("  {} is greeted\n", name.text());
    co_await asyncio::sleep(5ms);
    fmt::print("  the greeting goes on, with {}\n", name.text());
}
// [/by_value]

// [callers]
awaitable<void> reference_dies() {
    const auto executor = co_await asio::this_coro::executor;
    {
        Name alice("Alice");
        asio::co_spawn(executor, by_reference(alice), asio::detached);
        co_await asyncio::sleep(0s);  // the greeting begins
    }
    co_await asyncio::sleep(20ms);
}

awaitable<void> copy_stays() {
    const auto executor = co_await asio::this_coro::executor;
    {
        Name alice("Alice");
        asio::co_spawn(executor, by_value(alice), asio::detached);
    }
    co_await asyncio::sleep(20ms);
}

awaitable<void> moved_in() {
    const auto executor = co_await asio::this_coro::executor;
    {
        Name alice("Alice");
        asio::co_spawn(executor, by_value(std::move(alice)), asio::detached);
    }
    co_await asyncio::sleep(20ms);
}

awaitable<void> awaited_at_once() {
    Name alice("Alice");
    co_await by_reference(alice);
}
// [/callers]

// Wrong on purpose; clang-tidy sees it.
// NOLINTBEGIN(cppcoreguidelines-avoid-capturing-lambda-coroutines)
// [lambda]
awaitable<void> captures_die() {
    const auto executor = co_await asio::this_coro::executor;
    {
        auto greet = [name = Name("Bob")]() -> awaitable<void> {
            fmt::print("  {} is greeted\n", name.text());
            co_await asyncio::sleep(5ms);
            fmt::print("  the greeting goes on\n");  // is the capture still there?
        };
        asio::co_spawn(executor, greet(), asio::detached);
        co_await asyncio::sleep(0s);  // the greeting begins
    }
    co_await asyncio::sleep(20ms);
}
// [/lambda]
// NOLINTEND(cppcoreguidelines-avoid-capturing-lambda-coroutines)

awaitable<void> async_main() {
    fmt::print("by reference, and the caller does not wait:\n");
    co_await reference_dies();
    fmt::print("by value:\n");
    co_await copy_stays();
    fmt::print("by value, moved in:\n");
    co_await moved_in();
    fmt::print("by reference, and the caller waits:\n");
    co_await awaited_at_once();
    fmt::print("a lambda that is a coroutine:\n");
    co_await captures_die();
}

int main() {
    asio::io_context context{1};
    asio::co_spawn(context, async_main(), asio::detached);
    context.run();
}
