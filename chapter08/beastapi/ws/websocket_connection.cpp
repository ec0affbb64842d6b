#include "beastapi/ws/websocket_connection.hpp"

#include "beastapi/http/text.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <stdexcept>

namespace beastapi::detail {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

namespace {

constexpr std::size_t first_read_bytes = 128;
constexpr std::size_t inbox_messages = 64;
constexpr std::size_t inbox_limit_bytes = 64 * 1024;

/// Whether the last character of `text`, which is UTF-8 as far as it goes, is not complete.
bool ends_within_character(std::string_view text) {
    const auto byte_from_end = [text](std::size_t n) {
        return static_cast<unsigned char>(text[text.size() - n]);
    };
    for (std::size_t n = 1; n <= std::min<std::size_t>(text.size(), 3); ++n) {
        const unsigned char byte = byte_from_end(n);
        if ((byte & 0xC0U) != 0x80U) {
            const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
            return length > n;
        }
    }
    return false;
}

/// Cuts `text` to `most` bytes without cutting a character in two.
std::string_view cut_utf8(std::string_view text, std::size_t most) {
    if (text.size() <= most) {
        return text;
    }
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) {
        --most;
    }
    return text.substr(0, most);
}

}  // namespace

WebSocketConnection::WebSocketConnection(std::shared_ptr<Outbox> outbox, Request request,
                                         std::unique_ptr<HandshakeRequest> handshake,
                                         const WebSocketSettings& settings, Refusals& refusals)
    : stream_(OutboxStream(outbox)),
      outbox_(std::move(outbox)),
      settings_(settings),
      refusals_(refusals),
      request_(std::move(request)),
      handshake_(std::move(handshake)),
      changed_(stream_.get_executor()),
      ping_timer_(stream_.get_executor()) {}

awaitable<void> WebSocketConnection::accept(std::shared_ptr<WebSocketConnection> self,
                                            std::string subprotocol) {
    if (self->accepted_) {
        throw std::logic_error("WebSocket::accept() was called twice");
    }
    if (self->state_ == State::disconnected) {
        throw self->disconnect_;
    }
    auto& stream = self->stream_;
    // Beast's own idle timeout stays off: if it is due in the turn in which a goodbye comes, Beast
    // 1.81 takes it for that of the closing handshake, and hangs up without an answer.
    stream.set_option(websocket::stream_base::timeout{self->settings_.handshake_timeout,
                                                      websocket::stream_base::none(), false});
    stream.control_callback([connection = self.get()](websocket::frame_type, beast::string_view) {
        connection->pinged_ = false;
    });
    stream.set_option(
        websocket::stream_base::decorator([subprotocol](websocket::response_type& response) {
            response.erase(beast::http::field::server);
            if (!subprotocol.empty()) {
                response.set(beast::http::field::sec_websocket_protocol, subprotocol);
            }
        }));
    stream.read_message_max(self->settings_.max_message_bytes);
    self->accepted_ = true;
    const auto handshake = std::move(self->handshake_);
    error_code error;
    co_await stream.async_accept(*handshake, asio::redirect_error(asio::use_awaitable, error));
    if (error) {
        self->count_if_late(error);
        self->set_disconnected(close_code::abnormal, error.message());
        throw self->disconnect_;
    }
    if (self->state_ == State::disconnected) {
        self->start_closing_handshake();
        throw self->disconnect_;
    }
    // The decorator is kept by Beast as long as the stream; an empty one costs nothing.
    stream.set_option(websocket::stream_base::decorator([](websocket::response_type&) {}));
    self->state_ = State::open;
    spdlog::info("{} [accepted]", self->description());
    self->read_more();
    self->ping_when_due();
}

void WebSocketConnection::ping_when_due() {
    ping_timer_.expires_after(settings_.ping_interval);
    ping_timer_.async_wait([self = shared_from_this()](const error_code& error) {
        if (!error && self->state_ == State::open) {
            self->ping_or_give_up();
        }
    });
}

void WebSocketConnection::ping_or_give_up() {
    if (pinged_) {
        abort("No answer to a ping");
        return;
    }
    pinged_ = true;
    outbox_->append_frame(Opcode::ping, {});
    ping_when_due();
}

std::string WebSocketConnection::description() const {
    return fmt::format("{}:{} - \"WebSocket {}\"", request_.client.host, request_.client.port,
                       for_log(request_.path));
}

void WebSocketConnection::read_more() {
    reading_ = true;
    const std::size_t have = incoming_.size();
    const std::size_t room = have == 0 ? first_read_bytes
                                       : std::min(stream_.read_size_hint(first_read_bytes),
                                                  std::max(have, first_read_bytes));
    incoming_.resize(have + room);
    stream_.async_read_some(
        asio::buffer(incoming_.data() + have, room),
        [self = shared_from_this(), have](const error_code& error, std::size_t transferred) {
            self->incoming_.resize(have + transferred);
            self->on_read(error);
        });
}

void WebSocketConnection::on_read(const error_code& error) {
    reading_ = false;
    pinged_ = false;
    if (error) {
        if (error == websocket::error::message_too_big) {
            refusals_.count("message_too_big");
        }
        if (closing_) {
            // Beast tells one of its operations of a timeout: this, or the close.
            count_if_late(error);
        }
        const WebSocketDisconnect why = why_ended(error);
        set_disconnected(why.code(), why.reason());
        return;
    }
    if (state_ == State::disconnected) {
        incoming_.clear();
    } else if (stream_.is_message_done()) {
        deliver();
    }
    if (!inbox_full()) {
        read_more();
    }
}

void WebSocketConnection::deliver() {
    if (stream_.got_text() && ends_within_character(incoming_)) {
        // Beast 1.81 does not look at the end of a text whose last fragment is empty.
        close(close_code::invalid_payload, "Invalid UTF-8");
        return;
    }
    inbox_bytes_ += incoming_.size();
    inbox_.push_back(Message{stream_.got_text() ? Message::Kind::text : Message::Kind::binary,
                             std::exchange(incoming_, {})});
    changed_.notify_all();
}

bool WebSocketConnection::inbox_full() const noexcept {
    return inbox_.size() - inbox_head_ >= inbox_messages || inbox_bytes_ >= inbox_limit_bytes;
}

bool WebSocketConnection::has_news() const noexcept {
    return inbox_head_ < inbox_.size() || state_ == State::disconnected;
}

Message WebSocketConnection::take() {
    if (inbox_head_ == inbox_.size()) {
        throw disconnect_;
    }
    Message message = std::move(inbox_[inbox_head_++]);
    inbox_bytes_ -= message.data.size();
    if (inbox_head_ == inbox_.size()) {
        inbox_.clear();
        inbox_head_ = 0;
    }
    if (state_ == State::open && !reading_ && !inbox_full()) {
        read_more();
    }
    return message;
}

WebSocketConnection::Receiving::Receiving(WebSocketConnection& connection)
    : flag_(connection.receiving_) {
    if (connection.state_ == State::connecting) {
        throw std::logic_error("a WebSocket receives before accept() was called");
    }
    if (flag_) {
        throw std::logic_error("two coroutines receive from one WebSocket at the same time");
    }
    flag_ = true;
}

awaitable<Message> WebSocketConnection::receive(std::shared_ptr<WebSocketConnection> self) {
    const Receiving receiving(*self);
    while (!self->has_news()) {
        co_await self->changed_.async_wait(asio::use_awaitable);
    }
    co_return self->take();
}

// As receive(), and not on top of it: the coroutine that most connections wait in is worth its
// lines.
awaitable<std::string> WebSocketConnection::receive_kind(std::shared_ptr<WebSocketConnection> self,
                                                         Message::Kind kind) {
    const Receiving receiving(*self);
    while (!self->has_news()) {
        co_await self->changed_.async_wait(asio::use_awaitable);
    }
    Message message = self->take();
    if (message.kind != kind) {
        self->close(close_code::unsupported_data,
                    kind == Message::Kind::text ? "Text messages only" : "Binary messages only");
        throw self->disconnect_;
    }
    co_return std::move(message.data);
}

awaitable<void> WebSocketConnection::send(std::shared_ptr<WebSocketConnection> self, Opcode opcode,
                                          std::string payload) {
    if (self->state_ == State::connecting) {
        throw std::logic_error("a WebSocket sends before accept() was called");
    }
    if (self->state_ == State::open) {
        self->outbox_->append_frame(opcode, payload);
        while (self->state_ == State::open && self->outbox_->size() > Outbox::high_water) {
            co_await self->outbox_->progress().async_wait(asio::use_awaitable);
        }
    }
    if (self->state_ == State::disconnected) {
        throw self->disconnect_;
    }
}

void WebSocketConnection::post(Opcode opcode, std::string_view payload) {
    if (state_ != State::open) {
        return;
    }
    if (outbox_->size() + payload.size() > settings_.outbox_limit) {
        refusals_.count("slow_consumer");
        close(close_code::try_again_later, "Slow consumer");
        return;
    }
    outbox_->append_frame(opcode, payload);
}

void WebSocketConnection::post_volatile(Opcode opcode, std::string_view payload) {
    if (state_ == State::open && !outbox_->congested()) {
        outbox_->append_frame(opcode, payload);
    }
}

void WebSocketConnection::close(std::uint16_t code, std::string_view reason) {
    if (state_ == State::disconnected) {
        return;
    }
    const bool was_open = state_ == State::open;
    inbox_.clear();
    inbox_head_ = 0;
    inbox_bytes_ = 0;
    set_disconnected(code, std::string(reason));
    if (was_open) {
        start_closing_handshake();
    }
}

void WebSocketConnection::start_closing_handshake() {
    closing_ = true;
    websocket::close_reason close_reason(static_cast<websocket::close_code>(disconnect_.code()));
    const std::string_view reason = cut_utf8(disconnect_.reason(), close_reason.reason.max_size());
    close_reason.reason.assign(reason.data(), reason.size());
    stream_.async_close(close_reason, [self = shared_from_this()](const error_code& error) {
        self->count_if_late(error);
        self->closing_ = false;
        self->changed_.notify_all();
    });
}

void WebSocketConnection::count_if_late(const error_code& error) {
    if (error == beast::error::timeout) {
        refusals_.count("handshake_timeout");
    }
}

void WebSocketConnection::abort(std::string reason) {
    outbox_->abort();
    set_disconnected(close_code::abnormal, std::move(reason));
}

awaitable<void> WebSocketConnection::finish(std::shared_ptr<WebSocketConnection> self) {
    while (self->reading_ || self->closing_) {
        co_await self->changed_.async_wait(asio::use_awaitable);
    }
    co_await self->outbox_->shut_down(self->settings_.handshake_timeout);
}

void WebSocketConnection::set_disconnected(std::uint16_t code, std::string reason) {
    if (state_ != State::disconnected) {
        state_ = State::disconnected;
        disconnect_ = WebSocketDisconnect(code, std::move(reason));
        ping_timer_.cancel();
    }
    changed_.notify_all();
    outbox_->progress().notify_all();
}

WebSocketDisconnect WebSocketConnection::why_ended(const error_code& error) const {
    if (error == websocket::error::closed) {
        const websocket::close_reason& reason = stream_.reason();
        if (reason.code == websocket::close_code::none) {
            return WebSocketDisconnect(close_code::no_status);
        }
        return WebSocketDisconnect(reason.code,
                                   std::string(reason.reason.data(), reason.reason.size()));
    }
    if (error == websocket::error::message_too_big) {
        return WebSocketDisconnect(close_code::message_too_big, "Message too big");
    }
    if (error == websocket::error::bad_frame_payload) {
        return WebSocketDisconnect(close_code::invalid_payload, "Invalid UTF-8");
    }
    if (error == websocket::condition::protocol_violation) {
        return WebSocketDisconnect(close_code::protocol_error, error.message());
    }
    return WebSocketDisconnect(close_code::abnormal, error.message());
}

}  // namespace beastapi::detail
