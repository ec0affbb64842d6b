#include "beastapi/http/http_session.hpp"

#include "beastapi/http/http_request.hpp"
#include "beastapi/http/server.hpp"
#include "beastapi/http/text.hpp"
#include "beastapi/http/write_response.hpp"
#include "beastapi/net/outbox_stream.hpp"
#include "beastapi/ws/handshake.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
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
// The same for one that was turned away, of whom so many at a time get that long.
constexpr auto turned_away_timeout = 1s;
constexpr std::size_t max_turned_away = 100;
constexpr std::uint64_t body_limit = 64 * 1024;

Response too_many_requests(std::chrono::steady_clock::duration wait) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait);
    Response response = error_response(429, "Too Many Requests");
    response.header("Retry-After", std::to_string(seconds.count()));
    return response;
}

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

/// A file that was there and cannot be opened now.
Response unreadable(const error_code& error) {
    if (error == boost::system::errc::too_many_files_open ||
        error == boost::system::errc::too_many_files_open_in_system) {
        return error_response(503, "Service Unavailable");
    }
    return error_response(404, "Not Found");
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

}  // namespace

void HttpSession::start(std::shared_ptr<Server> server, Outbox::Socket socket,
                        const Endpoint& client) {
    const auto session =
        std::make_shared<HttpSession>(std::move(server), std::move(socket), client);
    session->spawn(run(session));
}

void HttpSession::turn_away(std::shared_ptr<Server> server, Outbox::Socket socket,
                            const Endpoint& client, std::chrono::steady_clock::duration wait) {
    const auto session =
        std::make_shared<HttpSession>(std::move(server), std::move(socket), client);
    session->spawn(answer_too_many_requests(session, wait));
}

HttpSession::HttpSession(std::shared_ptr<Server> server, Outbox::Socket socket,
                         const Endpoint& client)
    : server_(std::move(server)), client_(client) {
    error_code ignored;
    // Otherwise each small message waits for the client's delayed acknowledgement: 40 ms.
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket.non_blocking(true, ignored);
    outbox_ = std::make_shared<Outbox>(std::move(socket), server_->coalescer());
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

void HttpSession::spawn(awaitable<void> coroutine) {
    asio::co_spawn(
        outbox_->socket().get_executor(), std::move(coroutine),
        [self = shared_from_this()](const std::exception_ptr& failure) { self->on_end(failure); });
}

void HttpSession::on_end(const std::exception_ptr& failure) const {
    if (!failure) {
        return;
    }
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
        spdlog::debug("{}:{} - connection lost: {}", client_.address().to_string(), client_.port(),
                      error.what());
    } catch (...) {
        spdlog::error("{}:{} - connection ended by an error: {}", client_.address().to_string(),
                      client_.port(), what(failure));
    }
}

awaitable<void> HttpSession::run(std::shared_ptr<HttpSession> self) {
    auto upgrade = co_await serve_http(self);
    if (upgrade) {
        // In a coroutine of its own, so that nothing of HTTP stays in memory behind it.
        self->websocket_ = upgrade->connection;
        self->spawn(upgrade->refusal
                        ? refuse_websocket(self, upgrade->connection, upgrade->refusal->reason)
                        : serve_websocket(self, upgrade->route, upgrade->connection));
    } else if (self->server_->stopping()) {
        co_await self->outbox_->wait_until_at_most(0);
    } else {
        self->lingering_ = true;
        co_await self->outbox_->shut_down(closing_timeout);
    }
}

awaitable<std::optional<HttpSession::Upgrade>> HttpSession::serve_http(
    std::shared_ptr<HttpSession> self) {
    beast::flat_buffer buffer(self->server_->max_head_bytes() + body_limit);
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
        std::optional<Request> request = to_request(*message, self->client_);
        std::optional<Response> response;
        if (!request || !names_one_host(*message)) {
            response =
                error_response(400, request ? "Malformed request: it has no Host, or several"
                                            : "Malformed request: the target is not a valid URL");
            keep_alive = false;
        } else if (beast::websocket::is_upgrade(*message)) {
            auto [route, params] = self->server_->app().find_websocket(request->path);
            if (self->server_->stopping()) {
                response = error_response(503, "Server is shutting down");
            } else if (route != nullptr) {
                response = self->refusal_of(*request);
                keep_alive = keep_alive && !response;
            }
            if (route != nullptr && !response) {
                request->path_params = std::move(params);
                const auto rest = buffer.cdata();
                const std::string early(static_cast<const char*>(rest.data()), rest.size());
                co_return self->upgrade(*route, std::move(*request), std::move(message), early);
            }
        }
        message.reset();
        const auto wait = self->server_->admission().allow_request(self->client_.address());
        if (wait > wait.zero()) {
            self->server_->refusals().count("request_rate");
            response = too_many_requests(wait);
            keep_alive = false;
        }
        if (!response) {
            response = co_await self->server_->app().handle(std::move(*request));
        }
        co_await respond(self, std::move(*response), is_head, keep_alive);
        // Under the deadline of this response: that of the next request would cut it short.
        co_await self->outbox_->wait_until_at_most(0);
        self->answered_ = true;
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
    parser.header_limit(self->server_->max_head_bytes());
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
    self->count(answer, parser.got_some());
    if (answer) {
        co_await respond(self, std::move(*answer), false, false);
    }
    co_return nullptr;
}

std::optional<Response> HttpSession::refusal_of(const Request& handshake) {
    if (auto response = handshake_refusal(handshake)) {
        return response;
    }
    if (server_->app().allows_origin(handshake)) {
        return std::nullopt;
    }
    server_->refusals().count("origin");
    spdlog::info("{}:{} - \"WebSocket {}\" [rejected] for a page of {}", handshake.client.host,
                 handshake.client.port, for_log(handshake.path),
                 for_log(handshake.headers.get("Origin").value_or("")));
    return error_response(403, "Origin not allowed");
}

void HttpSession::count(const std::optional<Response>& answer, bool request_has_begun) {
    if (answer && answer->status() == 431) {
        server_->refusals().count("head_too_large");
    } else if (late_ && (request_has_begun || !answered_)) {
        // Not so one who was served and has nothing more to ask.
        server_->refusals().count("request_timeout");
    }
}

void HttpSession::end_when_late(Timer& deadline) {
    deadline.expires_after(server_->next_request_timeout());
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
                                          std::unique_ptr<HandshakeRequest> message,
                                          const std::string& early) {
    request.body = {};  // it would be kept for as long as the connection
    Upgrade upgrade{route,
                    std::make_shared<WebSocketConnection>(
                        outbox_, std::move(request), std::move(message), early, nullptr,
                        server_->websocket_settings(), server_->refusals()),
                    std::nullopt};
    auto entered = server_->admission().acquire(client_.address());
    if (auto* const place = std::get_if<Admission::Slot>(&entered)) {
        slot_ = std::move(*place);
    } else {
        upgrade.refusal = std::get<Admission::Refusal>(entered);
        server_->refusals().count(upgrade.refusal->name);
    }
    return upgrade;
}

awaitable<void> HttpSession::respond(std::shared_ptr<HttpSession> self, Response response,
                                     bool is_head, bool keep_alive) {
    self->server_->app().finish(response);
    const error_code error =
        co_await write_response(self->outbox_, std::move(response), is_head, keep_alive);
    if (error) {
        co_await respond(self, unreadable(error), is_head, keep_alive);
    }
}

// Who comes too often is answered without being asked, and given little time: it is the one case in
// which the server may be flooded with connections.
awaitable<void> HttpSession::answer_too_many_requests(std::shared_ptr<HttpSession> self,
                                                      std::chrono::steady_clock::duration wait) {
    co_await respond(self, too_many_requests(wait), false, false);
    const auto turned_away = self->server_->turned_away();
    self->lingering_ = true;
    if (static_cast<std::size_t>(turned_away.use_count()) > max_turned_away) {
        co_await self->outbox_->wait_until_at_most(0);
    } else {
        co_await self->outbox_->shut_down(turned_away_timeout);
    }
}

// Its frame lives as long as the connection: what comes before and after has others.
awaitable<void> HttpSession::serve_websocket(std::shared_ptr<HttpSession> self, const Route& route,
                                             std::shared_ptr<WebSocketConnection> connection) {
    std::exception_ptr failure;
    try {
        co_await route.websocket_handler()(WebSocket(connection));
    } catch (const WebSocketDisconnect&) {
        // A handler need not catch it.
    } catch (...) {
        failure = std::current_exception();
    }
    co_await end_websocket(std::move(self), std::move(connection), std::move(failure));
}

// A browser that offers subprotocols hangs up on an answer that chooses none, and could not say why
// it was refused.
awaitable<void> HttpSession::refuse_websocket(std::shared_ptr<HttpSession> self,
                                              std::shared_ptr<WebSocketConnection> connection,
                                              std::string_view reason) {
    try {
        connection->accept(first_subprotocol(connection->request()));
        connection->close(close_code::policy_violation, reason);
    } catch (const WebSocketDisconnect&) {
        // Then it need not be told.
    }
    co_await end_websocket(std::move(self), std::move(connection), nullptr);
}

awaitable<void> HttpSession::end_websocket(std::shared_ptr<HttpSession> self,
                                           std::shared_ptr<WebSocketConnection> connection,
                                           std::exception_ptr failure) {
    if (failure) {
        spdlog::error("{} ended by an error: {}", connection->description(), what(failure));
    }
    if (!connection->accepted()) {
        co_await reject(std::move(self), std::move(connection));
        co_return;
    }
    connection->close(failure ? close_code::internal_error : close_code::normal, "");
    spdlog::info("{} [closed] {} after {:.3f} s", connection->description(),
                 connection->disconnect().code(), connection->age().count());
    co_await WebSocketConnection::finish(std::move(connection));
}

awaitable<void> HttpSession::reject(std::shared_ptr<HttpSession> self,
                                    std::shared_ptr<WebSocketConnection> connection) {
    spdlog::info("{} [rejected]", connection->description());
    const bool refused = connection->state() == WebSocketConnection::State::disconnected;
    Response response = error_response(500, "Internal Server Error");
    if (refused && self->server_->stopping()) {
        response = error_response(503, "Server is shutting down");
    } else if (refused) {
        response = error_response(403, "Forbidden");
    }
    co_await respond(self, std::move(response), false, false);
    co_await self->outbox_->shut_down(closing_timeout);
}

}  // namespace beastapi::detail
