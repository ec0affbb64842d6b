// The part of WebSocketConnection that reads: what one read of the socket brings is decoded at
// once.
#include "beastapi/ws/websocket_connection.hpp"

#include <boost/asio/post.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace beastapi::detail {

namespace asio = boost::asio;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

namespace {

constexpr std::size_t inbox_messages = 64;
constexpr std::size_t inbox_limit_bytes = 64 * 1024;

/// What one read of a socket goes into: one for all connections of a loop, because what is not
/// decoded at once is copied.
std::array<char, 64 * 1024>& read_buffer() {
    thread_local std::array<char, 64 * 1024> buffer;
    return buffer;
}

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

}  // namespace

bool WebSocketConnection::wants_more() const noexcept {
    const bool inbox_full =
        inbox_.size() - inbox_head_ >= inbox_messages || inbox_bytes_ >= inbox_limit_bytes;
    return !input_ended_ && !inbox_full && !is_clogged() && !paused_;
}

// Pongs wait for room as all else does: a peer that asks for them without end is not read.
bool WebSocketConnection::is_clogged() const noexcept {
    return pong_is_queued_ && outbox_->size() > Outbox::high_water;
}

void WebSocketConnection::read_when_readable() {
    outbox_->socket().async_wait(Outbox::Socket::wait_read,
                                 [self = shared_from_this()](const error_code& error) {
                                     self->guarded([&] { self->on_readable(error); });
                                 });
    reading_ = true;
}

void WebSocketConnection::on_readable(const error_code& wait_error) {
    reading_ = false;
    error_code error = wait_error;
    std::size_t size = 0;
    if (!error) {
        // Little from a client in debt: what its other connections send waits behind this.
        const std::size_t most =
            budget_ == nullptr ? read_buffer().size() : budget_->allowance_in();
        size = outbox_->socket().read_some(asio::buffer(read_buffer(), most), error);
    }
    if (error == asio::error::would_block) {
        read_when_readable();
    } else if (error) {
        set_disconnected(close_code::abnormal, error.message());
        end_input();
    } else {
        pinged_ = false;
        read_at_ = std::chrono::steady_clock::now();
        outbox_->coalescer().traffic().bytes_received += size;
        feed_.add({read_buffer().data(), size});
        decode(size);
    }
}

// Goes on where the reader has stopped, if it has, and there is room now.
void WebSocketConnection::read_on() {
    if (reading_ || !wants_more()) {
        return;
    }
    // While nobody read, the peer's pong could not be seen.
    pinged_ = false;
    if (!feed_.is_ready()) {
        read_when_readable();
        return;
    }
    // Not at once: the handler that takes messages must not go on for as long as they come.
    asio::post(outbox_->executor(), [self = shared_from_this()] {
        self->reading_ = false;
        self->guarded([&] { self->decode(0); });
    });
    reading_ = true;
}

// Lets Beast decode what is here, of which `new_bytes` have just come.
void WebSocketConnection::decode(std::size_t new_bytes) {
    while (wants_more() && feed_.is_ready() && decode_some()) {}
    feed_.keep_rest();
    if (decoder_ && (input_ended_ || feed_.is_between_messages())) {
        decoders_.give_back(std::move(decoder_), feed_);
    }
    if (has_news()) {
        changed_.notify_all();
    }
    charge(new_bytes, feed_.take_frame_count());
    read_on();
    if (!input_ended_ && is_clogged()) {
        read_on_when_unclogged();
    }
}

void WebSocketConnection::read_on_when_unclogged() {
    outbox_->progress().async_wait([self = shared_from_this()](const error_code&) {
        self->guarded([&] {
            if (!self->input_ended_ && self->is_clogged()) {
                self->read_on_when_unclogged();
            } else {
                self->read_on();
            }
        });
    });
}

// A client that has used its budget up is not read until it has some again: TCP slows it down, and
// nothing is lost.
void WebSocketConnection::charge(std::size_t bytes, std::size_t frames) {
    if (budget_ == nullptr || input_ended_ || (bytes == 0 && frames == 0)) {
        return;
    }
    const auto pause = budget_->take_frames(frames, bytes);
    if (pause <= pause.zero()) {
        return;
    }
    refusals_.count("bytes_in");
    if (state_ != State::open) {
        abort();  // it should say goodbye, and nothing else
        return;
    }
    paused_ = true;
    timer_.expires_after(pause);
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
        if (!error && self->state_ == State::open) {
            self->paused_ = false;
            self->guarded([&] {
                self->read_on();
                self->ping_when_due();
            });
        }
    });
}

// Lets Beast decode what is next; false if it needs more, or the input has ended.
bool WebSocketConnection::decode_some() {
    if (!decoder_) {
        decoder_ = decoders_.take(feed_);
    }
    error_code error;
    std::size_t room = 0;
    std::size_t size = 0;
    do {
        const std::size_t have = incoming_.size();
        // One more than is expected, so that a full buffer tells that Beast holds more.
        room = feed_.payload_available() + 1;
        incoming_.resize(have + room);
        try {
            size = decoder_->read_some(asio::buffer(incoming_.data() + have, room), error);
        } catch (const FrameFeed::NeedsMore&) {
            incoming_.resize(have);
            note_pongs();
            return false;
        }
        incoming_.resize(have + size);
    } while (!error && size == room && !decoder_->is_message_done());
    note_pongs();
    if (error) {
        end_by(error);
        return false;
    }
    if (state_ != State::open) {
        incoming_.clear();
    } else if (decoder_->is_message_done()) {
        deliver();
    }
    return true;
}

// Beast answers pings by itself, and writes nothing else while a connection is open.
void WebSocketConnection::note_pongs() noexcept {
    if (feed_.take_written()) {
        pong_is_queued_ = outbox_->size() > Outbox::high_water;
    }
}

void WebSocketConnection::end_by(const error_code& error) {
    if (error == websocket::error::message_too_big) {
        refusals_.count("message_too_big");
    }
    const WebSocketDisconnect why = why_ended(error);
    set_disconnected(why.code(), why.reason());
    end_input();
}

void WebSocketConnection::deliver() {
    if (decoder_->got_text() && ends_within_character(incoming_)) {
        // Beast 1.81 does not look at the end of a text whose last fragment is empty.
        close(close_code::invalid_payload, "Invalid UTF-8");
        return;
    }
    if (inbox_head_ > 0 && inbox_.size() == inbox_.capacity()) {
        inbox_.erase(inbox_.begin(), inbox_.begin() + static_cast<std::ptrdiff_t>(inbox_head_));
        inbox_head_ = 0;
    }
    inbox_.push_back(Message{decoder_->got_text() ? Message::Kind::text : Message::Kind::binary,
                             std::exchange(incoming_, {}), read_at_});
    inbox_bytes_ += inbox_.back().data.size();
    ++outbox_->coalescer().traffic().messages_received;
}

void WebSocketConnection::end_input() noexcept {
    input_ended_ = true;
    changed_.notify_all();
}

WebSocketDisconnect WebSocketConnection::why_ended(const error_code& error) const {
    if (error == websocket::error::closed) {
        const websocket::close_reason& reason = decoder_->reason();
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
