#include "beastapi/http/http_session.hpp"

#include "beastapi/http/http_errors.hpp"
#include "beastapi/http/http_request.hpp"
#include "beastapi/http/server.hpp"
#include "beastapi/http/websocket_handshake.hpp"
#include "beastapi/http/write_response.hpp"
#include "beastapi/inspect/task.hpp"
#include "beastapi/net/foreign_text.hpp"
#include "beastapi/security_log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>

namespace beastapi::detail {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using namespace std::chrono_literals;

namespace {

constexpr auto closing_timeout = 10s;  // for the client to take the last bytes, and to close
// The least that a client has to take of a response, and what it may be late by.
constexpr std::size_t min_response_rate = 16 * 1024;
constexpr auto response_grace = 20s;
constexpr int max_unsent = 128 * 1024;             // bytes in the socket
constexpr std::size_t max_read_ahead = 64 * 1024;  // beside a head; Beast reads a body bit by bit

/// As it came over the wire, or nearly.
std::size_t size_of(const HttpMessage& head) {
    std::size_t size = head.target().size();
    for (const auto& field : head) {
        size += field.name_string().size() + field.value().size() + 4;
    }
    return size;
}

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

awaitable<void> handle_websocket(const Route& route,
                                 const std::shared_ptr<WebSocketConnection>& connection) {
    auto task = inspect::task_of(connection->request());
    if (task) {
        task->queues = [weak = std::weak_ptr(connection)] {
            const auto known = weak.lock();
            return known ? known->queues() : inspect::Queues();
        };
    }
    return inspect::as_task(route.websocket_handler()(WebSocket(connection)), std::move(task));
}

}  // namespace

void HttpSession::start(std::shared_ptr<Server> server, Outbox::Socket socket, const Endpoint& peer,
                        Admission::Client client,
                        std::variant<Admission::Slot, const Admission::Refusal*> place) {
    const auto session = std::make_shared<HttpSession>(std::move(server), std::move(socket), peer);
    session->client_ = std::move(client);
    if (auto* const slot = std::get_if<Admission::Slot>(&place)) {
        session->slot_ = std::move(*slot);
    } else {
        session->no_place_ = std::get<const Admission::Refusal*>(place);
        session->turned_away_ = session->server_->turned_away();
    }
    session->spawn(run(session));
}

void HttpSession::turn_away(std::shared_ptr<Server> server, Outbox::Socket socket,
                            const Endpoint& peer, Response answer) {
    const auto session = std::make_shared<HttpSession>(std::move(server), std::move(socket), peer);
    session->spawn(answer_and_end(session, std::move(answer)));
}

HttpSession::HttpSession(std::shared_ptr<Server> server, Outbox::Socket socket,
                         const Endpoint& peer)
    : server_(std::move(server)), peer_(peer) {
    error_code ignored;
    // Otherwise each small message waits for the client's delayed acknowledgement: 40 ms.
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket.non_blocking(true, ignored);
    // The system takes no more than what it can send soon: otherwise it holds up to 4 MB for a peer
    // that does not read, which nobody counts.
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &max_unsent,
                 sizeof(max_unsent));
    outbox_ = std::make_shared<Outbox>(std::move(socket), server_->coalescer());
    server_->add(*this);
}

HttpSession::~HttpSession() {
    end_waiting();
    outbox_->abort();
    server_->remove(*this);
}

void HttpSession::go_away() {
    if (const auto websocket = websocket_.lock()) {
        websocket->close(close_code::going_away, "Server is shutting down");
        return;
    }
    if (const auto stream = stream_.lock()) {
        stream->end(StreamEnd::going_away);
        return;
    }
    end_pause();
    if (waiting_for_request_) {
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
    if (const auto stream = stream_.lock()) {
        stream->end(StreamEnd::client_gone);
    }
    end_pause();
    outbox_->abort();
}

void HttpSession::begin_to_wait() {
    if (slot_) {
        waiting_ = server_->waiting().insert(server_->waiting().end(), this);
    }
    waiting_for_request_ = true;  // only now: if there is no memory for the entry, there is none
}

void HttpSession::end_waiting() noexcept {
    if (waiting_for_request_ && slot_) {
        server_->waiting().erase(waiting_);
    }
    waiting_for_request_ = false;
}

void HttpSession::give_way(const Admission::Refusal& refusal) {
    server_->waiting().erase(waiting_);
    slot_ = {};
    no_place_ = &refusal;
    turned_away_ = server_->turned_away();
    error_code ignored;
    outbox_->socket().cancel(ignored);
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
        spdlog::debug("{}:{} - connection lost: {}", peer_.address().to_string(), peer_.port(),
                      error.what());
    } catch (...) {
        spdlog::error("{}:{} - connection ended by an error: {}", peer_.address().to_string(),
                      peer_.port(), what(failure));
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
        co_await end(self);
    }
}

// Few of those who are refused get time to take the answer and to close: it is the one case in
// which the server may be flooded with connections.
awaitable<void> HttpSession::end(std::shared_ptr<HttpSession> self) {
    self->lingering_ = true;
    if (!self->turned_away_) {
        co_await self->outbox_->shut_down(closing_timeout);
    } else if (self->server_->turned_away_count() > max_refused) {
        co_await self->outbox_->wait_until_at_most(0);
    } else {
        co_await self->outbox_->shut_down(refused_timeout);
    }
}

awaitable<std::optional<HttpSession::Upgrade>> HttpSession::serve_http(
    std::shared_ptr<HttpSession> self) {
    beast::flat_buffer buffer(self->server_->max_head_bytes() + max_read_ahead);
    Timer deadline(self->outbox_->socket().get_executor());
    while (!self->server_->stopping()) {
        self->end_when_late(deadline);
        std::optional<RequestParser> parser(std::in_place);
        if (!co_await read_head(self, buffer, *parser)) {
            break;
        }
        const HttpMessage& head = parser->get();
        const bool is_head = head.method() == http::verb::head;
        const bool chunked = head.version() >= 11;
        const bool body_follows = has_body(*parser);
        // A client of HTTP/1.0 that asks to stay would have to be told so; it is sent away instead.
        bool keep_alive = head.version() >= 11 && head.keep_alive() && !self->server_->stopping();
        Request request;
        std::optional<Response> response = self->read_sender(head, request);
        if (response) {
            keep_alive = false;
        } else if (beast::websocket::is_upgrade(head)) {
            auto [route, params] = self->server_->app().find_websocket(request.path);
            if (self->server_->stopping()) {
                response = error_response(503, "Server is shutting down");
            } else if (route != nullptr) {
                response = body_follows ? error_response(400, "A WebSocket handshake has no body")
                                        : self->refusal_of(request);
                keep_alive = keep_alive && !response;
            }
            if (route != nullptr && !response) {
                request.path_params = std::move(params);
                const auto rest = buffer.cdata();
                const std::string early(static_cast<const char*>(rest.data()), rest.size());
                auto message = std::make_unique<HandshakeRequest>(parser->release());
                co_return self->upgrade(*route, std::move(request), std::move(message), early);
            }
        }
        Charge charged;
        std::optional<Response> refused = self->check_budget(request, size_of(head), charged);
        keep_alive = keep_alive && !charged.is_last;
        if (!refused && !response) {
            response = self->server_->app().answer_to_head(request);
        }
        if (body_follows && (refused || response)) {
            keep_alive = false;  // what follows is a body that nobody reads
        } else if (body_follows) {
            if (!co_await read_body(self, buffer, *parser)) {
                break;
            }
            request.body = std::move(parser->get().body());
            charged.pause = std::max(charged.pause, self->client_->take_in(request.body.size()));
        }
        parser.reset();
        auto task = inspect::task_of(request);
        if (!refused && !response) {
            response = co_await self->server_->app().handle(std::move(request));
        }
        if (!refused) {
            refused = self->charge(*response, is_head, charged);
        }
        if (refused) {
            response = std::move(refused);
            keep_alive = false;
            charged = {};
        }
        co_await pause(self, charged.pause);
        if (response->stream() && !is_head) {
            deadline.cancel();
            charged.memory.reset();  // the outbox limits what a stream holds
            request = {};
            keep_alive = co_await serve_stream(self, std::move(*response), std::move(task), chunked,
                                               chunked && keep_alive);
            self->answered_ = true;
            if (!keep_alive) {
                break;
            }
            continue;
        }
        self->abort_when_stuck(deadline, charged.bytes);
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
    log_security_event({.event = "origin_refused",
                        .client = handshake.client,
                        .reason = handshake.headers.get("Origin").value_or("")});
    spdlog::info("{}:{} - \"WebSocket {}\" [rejected] for a page of {}", handshake.client.host,
                 handshake.client.port, for_log(handshake.path),
                 for_log(handshake.headers.get("Origin").value_or("")));
    return error_response(403, "Origin not allowed");
}

void HttpSession::end_when_late(Timer& deadline) {
    deadline.expires_after(no_place_ ? refused_timeout : server_->next_request_timeout());
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

void HttpSession::abort_when_stuck(Timer& deadline, std::size_t bytes) {
    deadline.expires_after(response_grace + std::chrono::seconds(bytes / min_response_rate));
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
    client_->take_in(size_of(*message));
    server_->traffic().bytes_received += early.size();
    const auto* const refusal = check_place(request);
    const WebSocketSettings& settings =
        refusal != nullptr ? server_->refused_websocket_settings() : server_->websocket_settings();
    auto connection = std::make_shared<WebSocketConnection>(
        outbox_, std::move(request), std::move(message), early, client_, settings,
        server_->decoders(), server_->refusals());
    if (refusal == nullptr) {
        connection->count_at(server_->traffic().endpoints[route.path().text()]);
    }
    return {route, std::move(connection), refusal};
}

awaitable<void> HttpSession::respond(std::shared_ptr<HttpSession> self, Response response,
                                     bool is_head, bool keep_alive) {
    self->server_->app().finish(response);
    const unsigned status = response.status();
    const error_code error =
        co_await write_response(self->outbox_, std::move(response), is_head, keep_alive);
    if (error) {
        co_await respond(self, unreadable_file(error), is_head, keep_alive);
    } else {
        self->server_->traffic().count_response(status);
    }
}

awaitable<void> HttpSession::answer_and_end(std::shared_ptr<HttpSession> self, Response answer) {
    co_await respond(self, std::move(answer), false, false);
    self->turned_away_ = self->server_->turned_away();
    co_await end(self);
}

// Its frame lives as long as the connection: what comes before and after has others.
awaitable<void> HttpSession::serve_websocket(std::shared_ptr<HttpSession> self, const Route& route,
                                             std::shared_ptr<WebSocketConnection> connection) {
    std::exception_ptr failure;
    try {
        co_await handle_websocket(route, connection);
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
