// Wrong on purpose: a coroutine that uses a reference after its owner has died. Run it under
// AddressSanitizer only; without it, nobody knows what it does.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <string>

namespace asio = boost::asio;

// [wrong]
asio::awaitable<void> greet(const std::string& name) {
    fmt::print("Hello, {}!\n", name);
    co_return;
}

void welcome(asio::io_context& context) {
    std::string name = "Alice Pleasance Liddell";
    asio::co_spawn(context, greet(name), asio::detached);
}  // the name dies here

int main() {
    asio::io_context context;
    welcome(context);
    context.run();  // and only now greet() begins
}
// [/wrong]
