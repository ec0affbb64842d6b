// A server's and a client's end of one WebSocket, on one event loop: for programs that show what
// goes wrong between the two.
#pragma once

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/websocket.hpp>

#include <chrono>

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;
using Stream = beast::websocket::stream<tcp::socket>;

// What the operating system keeps for each end (bytes): little, so that a reader who stops is soon
// felt.
constexpr int socket_buffer = 16 * 1024;

struct Line {
    explicit Line(const asio::any_io_executor& executor) : server(executor), client(executor) {}

    Stream server;
    Stream client;
};

inline awaitable<void> accept(tcp::acceptor& acceptor, Stream& server) {
    server.next_layer() = co_await acceptor.async_accept(use_awaitable);
    server.next_layer().set_option(asio::socket_base::send_buffer_size(socket_buffer));
    co_await server.async_accept(use_awaitable);
}

inline awaitable<void> connect(tcp::endpoint server, Stream& client) {
    client.next_layer().open(server.protocol());
    client.next_layer().set_option(asio::socket_base::receive_buffer_size(socket_buffer));
    co_await client.next_layer().async_connect(server, use_awaitable);
    co_await client.async_handshake("localhost", "/ws", use_awaitable);
}

inline awaitable<void> open(Line& line) {
    using namespace asio::experimental::awaitable_operators;
    const tcp::endpoint somewhere(asio::ip::address_v4::loopback(), 0);
    tcp::acceptor acceptor(line.server.get_executor(), somewhere);
    const tcp::endpoint here = acceptor.local_endpoint();
    co_await (accept(acceptor, line.server) && connect(here, line.client));
}

inline awaitable<void> sleep(std::chrono::milliseconds duration) {
    asio::steady_timer timer(co_await asio::this_coro::executor, duration);
    co_await timer.async_wait(use_awaitable);
}
