#include "beastapi/ws/websocket_connection.hpp"

#include "beastapi/net/foreign_text.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>
#include <stdexcept>

namespace beastapi::detail {

namespace websocket = boost::beast::websocket;
using boost::system::error_code;
using inspect::Where;
using std::chrono::steady_clock;

namespace {

/// What a page sends when it comes, about.
constexpr std::size_t frames_of_a_newcomer = 8;

/// Up to a tenth less than `interval`, so that those that came together do not ping together.
steady_clock::duration with_jitter(steady_clock::duration interval) {
    thread_local std::minstd_rand random{std::random_device{}()};
    std::uniform_int_distribution<steady_clock::rep> less(0, interval.count() / 10);
    return interval - steady_clock::duration(less(random));
}

/// Cuts `text` to `max` bytes without cutting a character in two.
std::string_view cut_utf8(std::string_view text, std::size_t max) {
    if (text.size() <= max) {
        return text;
    }
    while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xC0U) == 0x80U) {
        --max;
    }
    return text.substr(0, max);
}

}  // namespace

WebSocketConnection::WebSocketConnection(std::shared_ptr<Outbox> outbox, Request request,
                                         std::unique_ptr<HandshakeRequest> handshake,
                                         const std::string& early,
                                         std::shared_ptr<ClientBudget> budget,
                                         const WebSocketSettings& settings, FrameDecoders& decoders,
                                         Refusals& refusals)
    : handles_(outbox->executor().context()),
      outbox_(std::move(outbox)),
      feed_(*outbox_),
      decoders_(decoders),
      budget_(std::move(budget)),
      settings_(settings),
      refusals_(refusals),
      request_(std::move(request)),
      handshake_(std::move(handshake)),
      changed_(outbox_->executor()),
      timer_(outbox_->executor()) {
    feed_.add(early);
    feed_.keep_rest();
    outbox_->set_owner(this);
}

WebSocketConnection::~WebSocketConnection() {
    outbox_->set_owner(nullptr);
    count_end();
}

void WebSocketConnection::abort_by(const std::exception& error) noexcept {
    spdlog::error("a WebSocket ended by an error: {}", error.what());
    abort("Internal error");
}

void WebSocketConnection::accept(const std::string& subprotocol) {
    if (accepted_) {
        throw std::logic_error("WebSocket::accept() was called twice");
    }
    if (state_ == State::disconnected) {
        throw disconnect_;
    }
    accepted_ = true;
    const auto handshake = std::move(handshake_);
    error_code error;
    decoders_.accept(feed_, *handshake, subprotocol, error);
    if (error) {
        set_disconnected(close_code::abnormal, error.message());
        end_input();
        throw disconnect_;
    }
    state_ = State::open;
    if (endpoint_ != nullptr) {
        ++endpoint_->accepted;
        ++endpoint_->open;
    }
    spdlog::info("{} [accepted]", description());
    // While the client's other connections are in debt, this one pays first, and waits for its turn
    // as they do. Each new connection would be read at once otherwise.
    if (budget_ != nullptr && budget_->take_frames(0, 0) > ClientBudget::Clock::duration::zero()) {
        charge(0, frames_of_a_newcomer);
    }
    read_on();
    if (!paused_) {
        ping_when_due();
    }
}

std::string WebSocketConnection::description() const {
    return fmt::format("{}:{} - \"WebSocket {}\"", request_.client.host, request_.client.port,
                       for_log(request_.path));
}

inspect::Queues WebSocketConnection::queues() const noexcept {
    return {.inbox_frames = inbox_.size() - inbox_head_,
            .outbox_bytes = outbox_->size(),
            .closed = state_ == State::disconnected};
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
    received_at_ = message.received;
    if (inbox_head_ == inbox_.size()) {
        inbox_.clear();
        inbox_head_ = 0;
    }
    read_on();
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
    // Into a temporary, because assigning an empty string keeps the memory.
    (void)std::exchange(connection.request_.headers, {});
    (void)std::exchange(connection.request_.target, {});
}

awaitable<Message> WebSocketConnection::receive(std::shared_ptr<WebSocketConnection> self,
                                                std::source_location where) {
    const Receiving receiving(*self);
    while (!self->has_news()) {
        co_await self->changed_.wait(Where("a message", where));
    }
    co_return self->take();
}

// As receive(), and not on top of it: the coroutine that most connections wait in is worth its
// lines.
awaitable<std::string> WebSocketConnection::receive_kind(std::shared_ptr<WebSocketConnection> self,
                                                         Message::Kind kind,
                                                         std::source_location where) {
    const Receiving receiving(*self);
    while (!self->has_news()) {
        co_await self->changed_.wait(Where("a message", where));
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
                                          std::string payload, std::source_location where) {
    if (self->state_ == State::connecting) {
        throw std::logic_error("a WebSocket sends before accept() was called");
    }
    if (self->state_ == State::open) {
        self->append(opcode, payload);
        while (self->state_ == State::open && self->outbox_->size() > Outbox::high_water) {
            co_await self->outbox_->progress().wait(Where("room in the outbox", where));
        }
    }
    if (self->state_ == State::disconnected) {
        throw self->disconnect_;
    }
}

void WebSocketConnection::post(Opcode opcode, std::string_view payload) noexcept {
    if (state_ != State::open) {
        return;
    }
    if (!outbox_->has_room_for(payload.size())) {
        on_slow_reader();
        return;
    }
    guarded([&] { append(opcode, payload); });
}

void WebSocketConnection::append(Opcode opcode, std::string_view payload) {
    outbox_->append(FrameHeader(opcode, payload.size()).bytes(), payload);
    ++outbox_->coalescer().traffic().messages_sent;
}

void WebSocketConnection::post_volatile(Opcode opcode, std::string_view payload) noexcept {
    if (state_ == State::open && !outbox_->congested()) {
        guarded([&] { append(opcode, payload); });
    }
}

bool WebSocketConnection::is_behind() const noexcept {
    return state_ == State::open && outbox_->size() > Outbox::high_water;
}

void WebSocketConnection::when_drained(std::function<void()> drained) {
    outbox_->progress().async_wait(
        [self = shared_from_this(), drained = std::move(drained)](const error_code&) mutable {
            self->guarded([&] {
                if (self->is_behind()) {
                    self->when_drained(std::move(drained));
                } else {
                    drained();
                }
            });
        });
}

void WebSocketConnection::on_slow_reader() noexcept {
    if (state_ != State::open) {
        abort();
        return;
    }
    guarded([this] { refusals_.count("slow_consumer"); });
    close(close_code::try_again_later, "Slow consumer");
}

void WebSocketConnection::ping_when_due() {
    timer_.expires_after(with_jitter(settings_.ping_interval));
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
        // A new time doesn't cancel a handler that is already queued. During a pause the timer
        // belongs to the pause, which starts the pings again when it ends.
        if (!error && self->state_ == State::open && !self->paused_) {
            self->guarded([&] { self->ping_or_give_up(); });
        }
    });
}

void WebSocketConnection::ping_or_give_up() {
    const bool ping_has_left = outbox_->sent() >= ping_is_sent_at_;
    if (pinged_ && reading_ && ping_has_left) {
        abort("No answer to a ping");
        return;
    }
    // A ping that waits behind other bytes cannot be answered; whether these are taken at all, the
    // outbox looks after.
    if (!pinged_ || ping_has_left) {
        pinged_ = reading_;
        outbox_->append(FrameHeader(Opcode::ping, 0).bytes());
        ping_is_sent_at_ = outbox_->sent() + outbox_->size();
    }
    ping_when_due();
}

void WebSocketConnection::close(std::uint16_t code, std::string_view reason) noexcept {
    if (state_ == State::disconnected) {
        return;
    }
    const bool was_open = state_ == State::open;
    inbox_.clear();
    inbox_head_ = 0;
    inbox_bytes_ = 0;
    set_disconnected(code, reason);
    if (was_open) {
        guarded([this] {
            write_close_frame();
            read_on();
        });
    } else if (accepted_) {
        end_input();  // accept() has failed
    }
}

// Our own, and not Beast's: Beast would wait for the answer here.
void WebSocketConnection::write_close_frame() {
    const std::string_view reason =
        cut_utf8(disconnect_.reason(), websocket::reason_string().max_size());
    const std::uint16_t code = disconnect_.code();
    std::string payload{static_cast<char>(code >> 8U), static_cast<char>(code & 0xFFU)};
    payload.append(reason);
    outbox_->append(FrameHeader(Opcode::close, payload.size()).bytes(), payload);
    feed_.stop_writing();
}

void WebSocketConnection::abort(std::string_view reason) noexcept {
    outbox_->abort();
    set_disconnected(close_code::abnormal, reason);
    end_input();
}

void WebSocketConnection::set_disconnected(std::uint16_t code, std::string_view reason) noexcept {
    if (state_ != State::disconnected) {
        count_end();
        state_ = State::disconnected;
        paused_ = false;
        try {
            disconnect_ = WebSocketDisconnect(code, std::string(reason));
        } catch (const std::bad_alloc&) {
            disconnect_ = WebSocketDisconnect(code);
        }
        if (accepted_) {
            guarded([this] { limit_the_end(); });
        }
    }
    changed_.notify_all();
    outbox_->progress().notify_all();
}

void WebSocketConnection::count_end() noexcept {
    if (state_ == State::open && endpoint_ != nullptr) {
        --endpoint_->open;
    }
}

void WebSocketConnection::limit_the_end() {
    timer_.expires_after(settings_.handshake_timeout);
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
        if (!error) {
            self->guarded([&] { self->refusals_.count("handshake_timeout"); });
            self->abort();
        }
    });
}

awaitable<void> WebSocketConnection::finish(std::shared_ptr<WebSocketConnection> self) {
    while (!self->input_ended_) {
        co_await self->changed_.wait();
    }
    co_await self->outbox_->shut_down(self->settings_.handshake_timeout);
    self->timer_.cancel();
}

}  // namespace beastapi::detail
