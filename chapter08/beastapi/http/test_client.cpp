#include "beastapi/test_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <chrono>
#include <future>
#include <stdexcept>

namespace beastapi {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

namespace {

constexpr auto deadline = 10s;

/// Runs `task` to its end in a loop that nobody else runs. What outlives the deadline ends with the
/// loop.
template <class T>
T run_to_end(asio::io_context& loop, awaitable<T> task, std::string_view what) {
    std::future<T> outcome = asio::co_spawn(loop, std::move(task), asio::use_future);
    loop.restart();
    loop.run_for(deadline);
    if (outcome.wait_for(0s) != std::future_status::ready) {
        throw std::runtime_error(fmt::format("{} took over {} s", what, deadline.count()));
    }
    return outcome.get();
}

tcp::endpoint at(unsigned short port) {
    return {asio::ip::address_v4::loopback(), port};
}

using HttpRequest = http::request<http::string_body>;

awaitable<TestResponse> ask(unsigned short port, HttpRequest request) {
    tcp::socket socket(co_await asio::this_coro::executor);
    co_await socket.async_connect(at(port), asio::use_awaitable);
    // A server that refuses a body answers before it has read it all.
    error_code refused;
    co_await http::async_write(socket, request, asio::redirect_error(asio::use_awaitable, refused));
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(boost::none);
    parser.skip(request.method() == http::verb::head);
    co_await http::async_read(socket, buffer, parser, asio::use_awaitable);
    TestResponse response;
    response.status = parser.get().result_int();
    for (const auto& field : parser.get()) {
        const std::string name(field.name_string());
        response.headers.add(name, std::string(field.value()));
    }
    response.body = std::move(parser.get().body());
    co_return response;
}

}  // namespace

boost::json::value TestResponse::json() const {
    return boost::json::parse(body);
}

TestResponse TestClient::request(std::string_view method, std::string_view target,
                                 std::string_view body, const HeaderList& headers) const {
    HttpRequest request;
    request.method_string(std::string(method));
    request.target(std::string(target));
    request.set(http::field::host, server_.url().substr(std::string_view("http://").size()));
    request.set(http::field::connection, "close");
    if (!body.empty()) {
        request.set(http::field::content_type, "application/json");
        request.body() = body;
    }
    for (const auto& [name, value] : headers) {
        request.set(name, value);
    }
    request.prepare_payload();
    asio::io_context loop(1);
    return run_to_end(loop, ask(server_.port(), std::move(request)),
                      fmt::format("the answer to {} {}", method, target));
}

struct TestWebSocket::Impl {
    // The references are to what outlives the loop's coroutines.
    awaitable<void> open(unsigned short port, std::string target, const HeaderList& headers) {
        co_await stream.next_layer().async_connect(at(port), asio::use_awaitable);
        stream.set_option(websocket::stream_base::decorator([&](websocket::request_type& request) {
            for (const auto& [name, value] : headers) {
                request.set(name, value);
            }
        }));
        websocket::response_type answer;
        error_code error;
        co_await stream.async_handshake(answer, fmt::format("127.0.0.1:{}", port), target,
                                        asio::redirect_error(asio::use_awaitable, error));
        if (error == websocket::error::upgrade_declined) {
            throw std::runtime_error(
                fmt::format("the WebSocket {} was refused with {}", target, answer.result_int()));
        }
        if (error) {
            throw boost::system::system_error(error);
        }
    }

    awaitable<void> send(std::string payload) {
        co_await stream.async_write(asio::buffer(payload), asio::use_awaitable);
    }

    awaitable<Message> receive() {
        beast::flat_buffer buffer;
        error_code error;
        co_await stream.async_read(buffer, asio::redirect_error(asio::use_awaitable, error));
        if (error == websocket::error::closed) {
            const auto& reason = stream.reason();
            throw WebSocketDisconnect(reason.code, std::string(reason.reason.c_str()));
        }
        if (error) {
            throw WebSocketDisconnect(close_code::abnormal, error.message());
        }
        Message message;
        message.kind = stream.got_text() ? Message::Kind::text : Message::Kind::binary;
        message.data = beast::buffers_to_string(buffer.data());
        co_return message;
    }

    awaitable<void> close(std::uint16_t code) {
        error_code ignored;
        co_await stream.async_close(code, asio::redirect_error(asio::use_awaitable, ignored));
    }

    asio::io_context loop{1};
    websocket::stream<tcp::socket> stream{loop};
};

TestWebSocket::TestWebSocket(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
TestWebSocket::TestWebSocket(TestWebSocket&&) noexcept = default;

TestWebSocket::~TestWebSocket() {
    try {
        if (impl_ && impl_->stream.is_open()) {
            close();
        }
    } catch (const std::exception&) {
        // The end of the connection says it, too.
    }
}

void TestWebSocket::send_text(std::string_view text) {
    impl_->stream.text(true);
    run_to_end(impl_->loop, impl_->send(std::string(text)), "sending a text");
}

void TestWebSocket::send_bytes(std::string_view bytes) {
    impl_->stream.binary(true);
    run_to_end(impl_->loop, impl_->send(std::string(bytes)), "sending bytes");
}

Message TestWebSocket::receive() {
    return run_to_end(impl_->loop, impl_->receive(), "waiting for a message");
}

std::string TestWebSocket::receive_text() {
    Message message = receive();
    if (!message.is_text()) {
        throw std::runtime_error("the message is binary, and no text");
    }
    return std::move(message.data);
}

void TestWebSocket::close(std::uint16_t code) {
    run_to_end(impl_->loop, impl_->close(code), "closing a WebSocket");
}

TestWebSocket TestClient::websocket_connect(std::string_view target,
                                            const HeaderList& headers) const {
    auto impl = std::make_unique<TestWebSocket::Impl>();
    run_to_end(impl->loop, impl->open(server_.port(), std::string(target), headers),
               fmt::format("opening the WebSocket {}", target));
    return TestWebSocket(std::move(impl));
}

}  // namespace beastapi
