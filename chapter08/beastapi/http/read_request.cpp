// The part of HttpSession that reads requests: the head first, and the body if somebody wants it.
#include "beastapi/http/http_errors.hpp"
#include "beastapi/http/http_request.hpp"
#include "beastapi/http/http_session.hpp"
#include "beastapi/http/server.hpp"
#include "beastapi/http/write_response.hpp"
#include "beastapi/net/outbox_stream.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/read.hpp>

namespace beastapi::detail {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

// The buffer and the parser belong to serve_http, which waits for this.
awaitable<bool> HttpSession::read_head(std::shared_ptr<HttpSession> self,
                                       beast::flat_buffer& buffer, RequestParser& parser) {
    OutboxStream stream(self->outbox_);
    parser.header_limit(self->server_->max_head_bytes());
    parser.body_limit(self->server_->max_body_bytes());
    error_code error;
    self->begin_to_wait();
    const std::size_t size = co_await http::async_read_header(
        stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
    self->server_->traffic().bytes_received += size;
    self->end_waiting();
    if (error) {
        co_await answer_unreadable(self, error, parser.got_some());
    }
    co_return !error;
}

awaitable<bool> HttpSession::read_body(std::shared_ptr<HttpSession> self,
                                       beast::flat_buffer& buffer, RequestParser& parser) {
    OutboxStream stream(self->outbox_);
    if (expects_continue(parser.get())) {
        co_await write_continue(self->outbox_);
    }
    error_code error = asio::error::operation_aborted;
    if (!self->late_ && !self->server_->stopping()) {
        self->begin_to_wait();
        const std::size_t size = co_await http::async_read(
            stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
        self->server_->traffic().bytes_received += size;
        self->end_waiting();
    }
    if (error) {
        co_await answer_unreadable(self, error, true);
    }
    co_return !error;
}

awaitable<void> HttpSession::answer_unreadable(std::shared_ptr<HttpSession> self, error_code error,
                                               bool request_has_begun) {
    auto answer = unreadable_request(error);
    if (self->late_ && request_has_begun) {
        answer = error_response(408, "Request Timeout");
    } else if (self->no_place_ != nullptr && request_has_begun) {
        self->server_->refusals().count(self->no_place_->name);
        answer = no_place(*self->no_place_);
    }
    self->count(answer, request_has_begun);
    if (answer) {
        co_await respond(self, std::move(*answer), false, false);
    }
}

/// Who asks for what: into client_ and `request`, or why the connection has to end.
std::optional<Response> HttpSession::read_sender(const HttpMessage& head, Request& request) {
    const Sender sender = server_->trusted_proxies().sender_of(peer_, head);
    client_ = server_->clients().of_address(sender.client.address());
    auto refusal = refusal_of_head(head);
    if (refusal) {
        count(refusal, true);
        return refusal;
    }
    auto asked = to_request(head, sender.client);
    if (!asked) {
        return error_response(400, "Malformed request: the target is not a valid URL");
    }
    request = std::move(*asked);
    request.scheme = sender.scheme;
    if (!server_->app().allows_host(request)) {
        server_->refusals().count("host");
        return error_response(400, "Invalid host");
    }
    return std::nullopt;
}

void HttpSession::count(const std::optional<Response>& answer, bool request_has_begun) {
    if (answer && answer->status() == 431) {
        server_->refusals().count("head_too_large");
    } else if (late_ && (request_has_begun || !answered_)) {
        // Not so one who was served and has nothing more to ask.
        server_->refusals().count("request_timeout");
    }
}

}  // namespace beastapi::detail
