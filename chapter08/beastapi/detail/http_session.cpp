#include "beastapi/detail/http_session.hpp"

#include "beastapi/detail/server.hpp"
#include "beastapi/detail/text.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/file_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>

namespace beastapi::detail {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using namespace std::chrono_literals;

namespace {

constexpr auto response_timeout = 60s;  // for the client to take a response
constexpr auto closing_timeout = 10s;   // for the client to take the last bytes, and to close
constexpr std::uint32_t head_limit = 16 * 1024;
constexpr std::uint64_t body_limit = 64 * 1024;

/// What to answer to a request that could not be read; nothing if the client has gone.
std::optional<Response> refusal(const error_code& error) {
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
        return error_response(431, "Request Header Fields Too Large");
    }
    if (error == http::error::body_limit) {
        return error_response(413, "Content Too Large");
    }
    static const auto& http_category = error_code(http::error::bad_method).category();
    if (error.category() == http_category && error != http::error::end_of_stream &&
        error != http::error::partial_message) {
        return error_response(400, fmt::format("Malformed request: {}", error.message()));
    }
    return std::nullopt;
}

/// Why a handshake is refused, or nothing (RFC 6455, section 4.2.1).
std::optional<Response> handshake_refusal(const http::request<http::string_body>& message) {
    if (message[http::field::sec_websocket_version] != "13") {
        Response response = error_response(426, "This server speaks WebSocket version 13");
        response.header("Sec-WebSocket-Version", "13");
        response.header("Upgrade", "websocket").header("Connection", "Upgrade");
        return response;
    }
    constexpr std::size_t key_size = 24;  // 16 bytes in Base64
    constexpr std::string_view base64 =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::string_view key = message[http::field::sec_websocket_key];
    if (key.size() != key_size || !key.ends_with("==") ||
        key.find_first_not_of(base64) != key_size - 2) {
        return error_response(400, "Sec-WebSocket-Key is missing, or not 16 bytes in Base64");
    }
    return std::nullopt;
}

std::string what(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "an exception that is no std::exception";
    }
}

template <class Body>
void fill_head(http::response<Body>& message, const Response& response, bool keep_alive) {
    for (const auto& [name, value] : response.headers()) {
        message.set(name, value);
    }
    message.set(http::field::date, http_date(std::chrono::system_clock::now()));
    message.keep_alive(keep_alive);
    const bool upgrade_required = response.status() == 426;
    if (upgrade_required) {
        // Whoever lists Upgrade has to name it in Connection (RFC 9110, section 7.8).
        message.set(http::field::connection, keep_alive ? "Upgrade" : "Upgrade, close");
    }
}

}  // namespace

void HttpSession::start(std::shared_ptr<Server> server, Outbox::Socket socket) {
    const auto executor = socket.get_executor();
    error_code error;
    // Otherwise each small message waits for the client's delayed acknowledgement: 40 ms.
    socket.set_option(asio::ip::tcp::no_delay(true), error);
    socket.non_blocking(true, error);
    auto session = std::make_shared<HttpSession>(std::move(server), std::move(socket));
    asio::co_spawn(executor, run(session),
                   [session](const std::exception_ptr& failure) { session->on_end(failure); });
}

HttpSession::HttpSession(std::shared_ptr<Server> server, Outbox::Socket socket)
    : server_(std::move(server)) {
    error_code ignored;
    const auto endpoint = socket.remote_endpoint(ignored);
    client_ = {endpoint.address().to_string(), endpoint.port()};
    outbox_ = std::make_shared<Outbox>(std::move(socket), server_->flusher());
    server_->add(*this);
}

HttpSession::~HttpSession() {
    outbox_->abort();
    server_->remove(*this);
}

void HttpSession::go_away() {
    if (const auto websocket = websocket_.lock()) {
        websocket->close(close_code::going_away, "Server is shutting down");
    } else if (waiting_for_request_) {
        error_code ignored;
        outbox_->socket().cancel(ignored);
    } else if (lingering_ && outbox_->size() == 0) {
        outbox_->abort();
    }
}

void HttpSession::abort() {
    if (const auto websocket = websocket_.lock()) {
        websocket->abort();
    }
    outbox_->abort();
}

void HttpSession::on_end(const std::exception_ptr& failure) const {
    if (!failure) {
        return;
    }
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
        spdlog::debug("{}:{} - connection lost: {}", client_.host, client_.port, error.what());
    } catch (...) {
        spdlog::error("{}:{} - connection ended by an error: {}", client_.host, client_.port,
                      what(failure));
    }
}

awaitable<void> HttpSession::run(std::shared_ptr<HttpSession> self) {
    auto upgrade = co_await serve_http(self);
    if (upgrade) {
        // In a coroutine of its own, so that nothing of HTTP stays in memory behind it.
        const auto executor = co_await asio::this_coro::executor;
        asio::co_spawn(executor, serve_websocket(self, std::move(*upgrade)),
                       [self](const std::exception_ptr& failure) { self->on_end(failure); });
    } else if (self->server_->stopping()) {
        co_await self->outbox_->wait_until_at_most(0);
    } else {
        self->lingering_ = true;
        co_await self->outbox_->shut_down(closing_timeout);
    }
}

awaitable<std::optional<HttpSession::Upgrade>> HttpSession::serve_http(
    std::shared_ptr<HttpSession> self) {
    beast::flat_buffer buffer(head_limit + body_limit);
    Timer deadline(self->outbox_->socket().get_executor());
    while (!self->server_->stopping()) {
        self->end_when_late(deadline);
        auto message = co_await read_request(self, buffer);
        if (!message) {
            break;
        }
        self->abort_when_stuck(deadline);
        const bool is_head = message->method() == http::verb::head;
        // A client of HTTP/1.0 that asks to stay would have to be told so; it is sent away instead.
        bool keep_alive =
            message->version() >= 11 && message->keep_alive() && !self->server_->stopping();
        std::optional<Request> request = self->describe(*message);
        std::optional<Response> response;
        if (!request) {
            response = error_response(400, "Malformed request: the target is not a valid URL");
            keep_alive = false;
        } else if (beast::websocket::is_upgrade(*message)) {
            auto [route, params] = self->server_->app().find_websocket(request->path);
            if (route != nullptr) {
                response = handshake_refusal(*message);
            }
            if (route != nullptr && !response) {
                request->path_params = std::move(params);
                self->outbox_->unread(
                    {static_cast<const char*>(buffer.data().data()), buffer.size()});
                co_return self->upgrade(*route, std::move(*request), std::move(message));
            }
        }
        message.reset();
        if (!response) {
            response = co_await self->server_->app().handle(std::move(*request));
        }
        co_await respond(self, std::move(*response), is_head, keep_alive);
        if (!keep_alive) {
            break;
        }
    }
    co_return std::nullopt;
}

// The buffer belongs to serve_http, which waits for this.
awaitable<std::unique_ptr<HttpSession::HandshakeRequest>> HttpSession::read_request(
    std::shared_ptr<HttpSession> self, beast::flat_buffer& buffer) {
    OutboxStream stream(self->outbox_);
    http::request_parser<http::string_body> parser;
    parser.header_limit(head_limit);
    parser.body_limit(body_limit);
    error_code error;
    self->waiting_for_request_ = true;
    co_await http::async_read(stream, buffer, parser,
                              asio::redirect_error(asio::use_awaitable, error));
    self->waiting_for_request_ = false;
    if (!error) {
        co_return std::make_unique<HandshakeRequest>(parser.release());
    }
    auto answer = refusal(error);
    if (self->late_ && parser.got_some()) {
        answer = error_response(408, "Request Timeout");
    }
    if (answer) {
        co_await respond(self, std::move(*answer), false, false);
    }
    co_return nullptr;
}

void HttpSession::end_when_late(Timer& deadline) {
    deadline.expires_after(server_->request_timeout());
    deadline.async_wait([self = shared_from_this()](const error_code& error) {
        if (!error && self->waiting_for_request_) {
            self->late_ = true;
            error_code ignored;
            self->outbox_->socket().cancel(ignored);
        }
    });
}

void HttpSession::abort_when_stuck(Timer& deadline) {
    deadline.expires_after(response_timeout);
    deadline.async_wait([self = shared_from_this()](const error_code& error) {
        if (!error) {
            self->abort();
        }
    });
}

HttpSession::Upgrade HttpSession::upgrade(const Route& route, Request request,
                                          std::unique_ptr<HandshakeRequest> message) const {
    return {route,
            std::make_shared<WebSocketConnection>(outbox_, std::move(request), std::move(message),
                                                  server_->websocket_settings())};
}

std::optional<Request> HttpSession::describe(const HandshakeRequest& message) const {
    Request request;
    request.method = std::string(message.method_string());
    request.target = percent_encode_unsafe({message.target().data(), message.target().size()});
    std::string_view rest = request.target;
    if (!rest.starts_with('/')) {
        // A proxy may send the whole URL (RFC 9112, section 3.2.2).
        const std::size_t authority = rest.find("://");
        const std::size_t path =
            authority == std::string_view::npos ? authority : rest.find('/', authority + 3);
        if (path == std::string_view::npos) {
            return std::nullopt;
        }
        rest.remove_prefix(path);
    }
    const std::size_t question = std::min(rest.find('?'), rest.size());
    request.path = std::string(rest.substr(0, question));
    auto query = parse_query(rest.substr(std::min(rest.size(), question + 1)));
    if (!query || !percent_decode(request.path)) {
        return std::nullopt;
    }
    request.query_params = std::move(*query);
    for (const auto& field : message) {
        request.headers.add({field.name_string().data(), field.name_string().size()},
                            {field.value().data(), field.value().size()});
    }
    request.client = client_;
    request.body = message.body();
    return request;
}

awaitable<void> HttpSession::respond(std::shared_ptr<HttpSession> self, Response response,
                                     bool is_head, bool keep_alive) {
    OutboxStream stream(self->outbox_);
    const auto status = static_cast<http::status>(response.status());
    constexpr unsigned http_1_1 = 11;
    error_code error;
    if (response.file() && !is_head) {
        http::response<http::file_body> message(status, http_1_1);
        message.body().open(response.file()->c_str(), beast::file_mode::scan, error);
        if (!error) {
            fill_head(message, response, keep_alive);
            message.prepare_payload();
            co_await http::async_write(stream, message, asio::use_awaitable);
            co_return;
        }
        response = error_response(404, "Not Found");
    }
    const bool has_content =
        response.status() >= 200 && response.status() != 204 && response.status() != 304;
    if (is_head || !has_content) {
        http::response<http::empty_body> message(status, http_1_1);
        fill_head(message, response, keep_alive);
        if (has_content) {
            message.content_length(response.file() ? std::filesystem::file_size(*response.file())
                                                   : response.body().size());
        }
        co_await http::async_write(stream, message, asio::use_awaitable);
        co_return;
    }
    http::response<http::string_body> message(status, http_1_1, response.body());
    fill_head(message, response, keep_alive);
    message.prepare_payload();
    co_await http::async_write(stream, message, asio::use_awaitable);
}

awaitable<void> HttpSession::serve_websocket(std::shared_ptr<HttpSession> self, Upgrade upgrade) {
    const WebSocketConnection& connection = *upgrade.connection;
    self->websocket_ = upgrade.connection;
    std::exception_ptr failure;
    try {
        co_await upgrade.route.websocket_handler()(WebSocket(upgrade.connection));
    } catch (const WebSocketDisconnect&) {
        // A handler need not catch it.
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        spdlog::error("{} ended by an error: {}", connection.description(), what(failure));
    }
    if (!connection.accepted()) {
        co_await reject(self, std::move(upgrade));
        co_return;
    }
    upgrade.connection->close(failure ? close_code::internal_error : close_code::normal, "");
    spdlog::info("{} [closed] {} after {:.3f} s", connection.description(),
                 connection.disconnect().code(), connection.age().count());
    co_await WebSocketConnection::finish(upgrade.connection);
}

awaitable<void> HttpSession::reject(std::shared_ptr<HttpSession> self, Upgrade upgrade) {
    spdlog::info("{} [rejected]", upgrade.connection->description());
    const bool refused = upgrade.connection->state() == WebSocketConnection::State::disconnected;
    Response response =
        refused ? error_response(403, "Forbidden") : error_response(500, "Internal Server Error");
    co_await respond(self, std::move(response), false, false);
    co_await self->outbox_->shut_down(closing_timeout);
}

}  // namespace beastapi::detail
