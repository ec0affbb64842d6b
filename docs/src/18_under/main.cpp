// Chapter 18: the echo in bare Boost.Asio and Boost.Beast. It works, and lacks what makes a server.
// [include]
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;
// [/include]

// [session]
awaitable<void> session(tcp::socket socket) {
    beast::websocket::stream<tcp::socket> stream(std::move(socket));
    co_await stream.async_accept(use_awaitable);
    beast::flat_buffer buffer;
    while (true) {
        co_await stream.async_read(buffer, use_awaitable);
        const std::string answer = "Echo: " + beast::buffers_to_string(buffer.data());
        buffer.clear();
        stream.text(stream.got_text());
        co_await stream.async_write(asio::buffer(answer), use_awaitable);
    }
}

// Only an exception ends a session, and here it arrives.
void report(std::exception_ptr ended) {
    try {
        std::rethrow_exception(ended);
    } catch (const std::exception& error) {
        fmt::print("client disconnected: {}\n", error.what());
    }
}
// [/session]

// [listen]
awaitable<void> listen(tcp::acceptor acceptor) {
    while (true) {
        tcp::socket socket = co_await acceptor.async_accept(use_awaitable);
        asio::co_spawn(acceptor.get_executor(), session(std::move(socket)), report);
    }
}

int main() {
    const char* port = std::getenv("PORT");
    asio::io_context context{1};
    const auto localhost = asio::ip::make_address("127.0.0.1");
    const int number = port != nullptr ? std::atoi(port) : 8000;
    tcp::acceptor acceptor(context, {localhost, static_cast<asio::ip::port_type>(number)});
    fmt::print("bare Beast running on http://127.0.0.1:{}\n", acceptor.local_endpoint().port());
    std::fflush(stdout);
    asio::co_spawn(context, listen(std::move(acceptor)), asio::detached);
    context.run();
}
// [/listen]
