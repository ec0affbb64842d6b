#include "beastapi/websocket.hpp"

#include "beastapi/ws/websocket_connection.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace beastapi {

using detail::Opcode;
using detail::WebSocketConnection;

namespace {

/// RFC 6455, section 7.4: the codes that are defined, but for those that are never sent, and those
/// of libraries and applications.
bool may_be_sent(std::uint16_t code) {
    const bool defined = code >= close_code::normal && code <= close_code::bad_gateway;
    const bool never =
        code == 1004 || code == close_code::no_status || code == close_code::abnormal;
    return (defined && !never) || (code >= 3000 && code <= 4999);
}

}  // namespace

WebSocketDisconnect::WebSocketDisconnect(std::uint16_t code, std::string reason)
    : code_(code), reason_(std::move(reason)) {}

WebSocket::WebSocket(std::shared_ptr<WebSocketConnection> connection)
    : connection_(std::move(connection)) {}

awaitable<void> WebSocket::accept(std::string subprotocol) const {
    connection_->accept(subprotocol);
    co_return;
}

awaitable<Message> WebSocket::receive(std::source_location where) const {
    return WebSocketConnection::receive(connection_, where);
}

awaitable<std::string> WebSocket::receive_text(std::source_location where) const {
    return WebSocketConnection::receive_kind(connection_, Message::Kind::text, where);
}

awaitable<std::string> WebSocket::receive_bytes(std::source_location where) const {
    return WebSocketConnection::receive_kind(connection_, Message::Kind::binary, where);
}

awaitable<void> WebSocket::send_text(std::string text, std::source_location where) const {
    return WebSocketConnection::send(connection_, Opcode::text, std::move(text), where);
}

awaitable<void> WebSocket::send_bytes(std::string bytes, std::source_location where) const {
    return WebSocketConnection::send(connection_, Opcode::binary, std::move(bytes), where);
}

void WebSocket::post_text(std::string_view text) const {
    connection_->post(Opcode::text, text);
}

bool WebSocket::is_behind() const noexcept {
    return connection_->is_behind();
}

void WebSocket::when_drained(std::function<void()> drained) const {
    connection_->when_drained(std::move(drained));
}

void WebSocket::post_volatile_text(std::string_view text) const {
    connection_->post_volatile(Opcode::text, text);
}

void WebSocket::post_close(std::uint16_t code, std::string_view reason) const {
    if (!may_be_sent(code)) {
        throw std::invalid_argument(
            fmt::format("{} is not a code that a close frame may carry", code));
    }
    connection_->close(code, reason);
}

awaitable<void> WebSocket::close(std::uint16_t code, std::string reason) const {
    post_close(code, reason);
    co_return;
}

bool WebSocket::connected() const noexcept {
    return connection_->state() == WebSocketConnection::State::open;
}

std::chrono::steady_clock::time_point WebSocket::received_at() const noexcept {
    return connection_->received_at();
}

void WebSocket::note_delivery(std::chrono::steady_clock::time_point received) const noexcept {
    connection_->note_delivery(received);
}

const std::shared_ptr<ClientBudget>& WebSocket::budget() const noexcept {
    return connection_->budget();
}

void WebSocket::charge_to(std::shared_ptr<ClientBudget> budget) const noexcept {
    connection_->charge_to(std::move(budget));
}

const Request& WebSocket::request() const noexcept {
    return connection_->request();
}

std::optional<std::string_view> WebSocket::path_param(std::string_view name) const {
    return request().path_params.get(name);
}

std::optional<std::string_view> WebSocket::query_param(std::string_view name) const {
    return request().query_params.get(name);
}

std::optional<std::string_view> WebSocket::header(std::string_view name) const {
    return request().headers.get(name);
}

const Address& WebSocket::client() const noexcept {
    return request().client;
}

}  // namespace beastapi
