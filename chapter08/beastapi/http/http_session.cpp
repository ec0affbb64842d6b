#include "beastapi/http/http_session.hpp"

#include "beastapi/http/http_errors.hpp"
#include "beastapi/http/http_request.hpp"
#include "beastapi/http/server.hpp"
#include "beastapi/http/text.hpp"
#include "beastapi/http/write_response.hpp"
#include "beastapi/ws/handshake.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
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

/// Whether bytes follow the head that belong to the request.
bool has_body(const http::request_parser<http::string_body>& parser) {
    return parser.chunked() || parser.content_length().value_or(0) > 0;
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
    : server_(std::move(server)), peer_(client), client_(client) {
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
        self->spawn(serve_websocket(self, std::move(*upgrade)));
    } else if (self->server_->stopping()) {
        co_await self->outbox_->wait_until_at_most(0);
    } else {
        self->lingering_ = true;
        co_await self->outbox_->shut_down(closing_timeout);
    }
}

awaitable<std::optional<HttpSession::Upgrade>> HttpSession::serve_http(
    std::shared_ptr<HttpSession> self) {
    beast::flat_buffer buffer(self->server_->max_head_bytes() + max_body_bytes);
    Timer deadline(self->outbox_->socket().get_executor());
    while (!self->server_->stopping()) {
        self->end_when_late(deadline);
        std::optional<RequestParser> parser(std::in_place);
        if (!co_await read_head(self, buffer, *parser)) {
            break;
        }
        const HttpMessage& head = parser->get();
        const bool is_head = head.method() == http::verb::head;
        const bool body_follows = has_body(*parser);
        // A client of HTTP/1.0 that asks to stay would have to be told so; it is sent away instead.
        bool keep_alive = head.version() >= 11 && head.keep_alive() && !self->server_->stopping();
        Request request;
        std::optional<Response> response = self->read_sender(head, request);
        if (response) {
            keep_alive = false;
        } else if (beast::websocket::is_upgrade(head)) {
            auto [route, params] = self->server_->app().find_websocket(request.path);
            if (route != nullptr) {
                response = body_follows ? error_response(400, "A WebSocket handshake has no body")
                                        : self->refusal_of(request);
                keep_alive = keep_alive && !response;
            }
            if (route != nullptr && !response) {
                request.path_params = std::move(params);
                self->outbox_->unread(
                    {static_cast<const char*>(buffer.data().data()), buffer.size()});
                auto message = std::make_unique<HandshakeRequest>(parser->release());
                co_return self->upgrade(*route, std::move(request), std::move(message));
            }
        }
        const auto wait = self->server_->admission().allow_request(self->client_.address());
        if (wait > wait.zero()) {
            self->server_->refusals().count("request_rate");
            response = too_many_requests(wait);
            keep_alive = false;
        }
        if (!response) {
            response = self->server_->app().answer_to_head(request);
        }
        if (body_follows && response) {
            keep_alive = false;  // what follows is a body that nobody reads
        } else if (body_follows) {
            if (!co_await read_body(self, buffer, *parser)) {
                break;
            }
            request.body = std::move(parser->get().body());
        }
        parser.reset();
        self->abort_when_stuck(deadline);
        if (!response) {
            response = co_await self->server_->app().handle(std::move(request));
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

void HttpSession::end_when_late(Timer& deadline) {
    deadline.expires_after(server_->next_request_timeout());
    deadline.async_wait([self = shared_from_this()](const error_code& error) {
        if (error) {
            return;
        }
        self->late_ = true;
        if (self->waiting_for_request_) {
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
                                          std::unique_ptr<HandshakeRequest> message) {
    request.body = {};  // it would be kept for as long as the connection
    Upgrade upgrade{
        route,
        std::make_shared<WebSocketConnection>(outbox_, std::move(request), std::move(message),
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
        co_await respond(self, unreadable_file(error), is_head, keep_alive);
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

awaitable<void> HttpSession::serve_websocket(std::shared_ptr<HttpSession> self, Upgrade upgrade) {
    const WebSocketConnection& connection = *upgrade.connection;
    self->websocket_ = upgrade.connection;
    std::exception_ptr failure;
    try {
        if (upgrade.refusal) {
            // A browser that offers subprotocols hangs up on an answer that chooses none, and could
            // not say why it was refused.
            co_await WebSocketConnection::accept(upgrade.connection,
                                                 first_subprotocol(connection.request()));
            upgrade.connection->close(close_code::policy_violation, upgrade.refusal->reason);
        } else {
            co_await upgrade.route.websocket_handler()(WebSocket(upgrade.connection));
        }
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
