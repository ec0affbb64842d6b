#include "beastapi/http/stream_connection.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <exception>
#include <utility>

namespace beastapi::detail {

using boost::system::error_code;

StreamConnection::StreamConnection(std::shared_ptr<Outbox> outbox,
                                   std::shared_ptr<ClientBudget> budget,
                                   const StreamSettings& settings, Refusals& refusals)
    : handles_(outbox->executor().context()),
      outbox_(std::move(outbox)),
      budget_(std::move(budget)),
      settings_(settings),
      refusals_(refusals),
      changed_(outbox_->executor()),
      timer_(outbox_->executor()) {
    outbox_->set_owner(this);
}

StreamConnection::~StreamConnection() {
    if (traffic_ != nullptr) {
        --traffic_->streams_open;
    }
    outbox_->set_owner(nullptr);
}

/// Runs a handler of the event loop: an exception ends this stream, and nothing else.
template <class Function>
void StreamConnection::guarded(Function function) noexcept {
    try {
        function();
    } catch (const std::exception& error) {
        spdlog::error("a stream ended by an error: {}", error.what());
        outbox_->abort();
        end(StreamEnd::client_gone);
    }
}

void StreamConnection::start() {
    traffic_ = &outbox_->coalescer().traffic();
    ++traffic_->streams_opened;
    ++traffic_->streams_open;
    watch_client();
    if (settings_.keep_alive.empty()) {
        return;
    }
    // A WebSocket's peer answers pings. Here the system has to find out that nobody acknowledges
    // the comments.
    using std::chrono::milliseconds;
    const auto patience =
        std::chrono::duration_cast<milliseconds>(2 * settings_.keep_alive_interval);
    const auto timeout = static_cast<unsigned>(patience.count());
    ::setsockopt(outbox_->socket().native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout,
                 sizeof(timeout));
    keep_alive_when_due();
}

// [append]
// As a chunk (RFC 9112, section 7.1), unless the client knows none.
void StreamConnection::append(std::string_view bytes) {
    if (bytes.empty()) {
        return;  // an empty chunk is the last one
    }
    written_ += bytes.size();
    ++outbox_->coalescer().traffic().pieces_sent;
    if (!settings_.chunked) {
        outbox_->append(bytes);
        return;
    }
    std::array<char, 20> size;
    const auto end = fmt::format_to(size.begin(), "{:x}\r\n", bytes.size());
    outbox_->append({size.data(), static_cast<std::size_t>(end - size.begin())}, bytes, "\r\n");
}
// [/append]

awaitable<void> StreamConnection::write(std::shared_ptr<StreamConnection> self, std::string bytes,
                                        std::source_location where) {
    if (!self->ended_) {
        self->append(bytes);
        while (!self->ended_ && self->outbox_->size() > Outbox::high_water) {
            co_await self->outbox_->progress().wait(inspect::Where("room in the outbox", where));
        }
    }
    if (self->ended_) {
        throw ClientDisconnect();
    }
}

void StreamConnection::post(std::string_view bytes) noexcept {
    if (ended_) {
        return;
    }
    if (!outbox_->has_room_for(bytes.size())) {
        on_slow_reader();
        return;
    }
    guarded([&] { append(bytes); });
}

void StreamConnection::post_volatile(std::string_view bytes) noexcept {
    if (!ended_ && !outbox_->congested()) {
        guarded([&] { append(bytes); });
    }
}

bool StreamConnection::is_behind() const noexcept {
    return !ended_ && outbox_->size() > Outbox::high_water;
}

void StreamConnection::when_drained(std::function<void()> drained) {
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

void StreamConnection::on_slow_reader() noexcept {
    if (ended_) {
        outbox_->abort();
        return;
    }
    guarded([this] { refusals_.count("slow_consumer"); });
    end(StreamEnd::slow_reader);
}

void StreamConnection::end(StreamEnd why) noexcept {
    if (ended_) {
        return;
    }
    ended_ = why;
    guarded([&] { say_last_words(why); });
    changed_.notify_all();
    outbox_->progress().notify_all();
}

void StreamConnection::say_last_words(StreamEnd why) {
    const auto last_words = std::exchange(last_words_, {});
    const std::string words = last_words ? last_words(why) : std::string();
    if (why == StreamEnd::client_gone) {
        timer_.cancel();
        outbox_->abort();
        return;
    }
    append(words);
    // Without the last chunk the client sees that the answer isn't whole.
    const bool is_whole = why != StreamEnd::failed || last_words;
    if (settings_.chunked && is_whole) {
        outbox_->append("0\r\n\r\n");
    }
    timer_.expires_after(settings_.end_timeout);
    timer_.async_wait([outbox = std::weak_ptr(outbox_)](const error_code& error) {
        const auto slow = outbox.lock();
        if (!error && slow && slow->size() > 0) {
            slow->abort();
        }
    });
}

awaitable<void> StreamConnection::wait_for_end(std::shared_ptr<StreamConnection> self,
                                               inspect::Where where) {
    while (!self->ended_) {
        co_await self->changed_.wait(where);
    }
}

void StreamConnection::watch_client() {
    outbox_->socket().async_wait(Outbox::Socket::wait_read,
                                 [weak = weak_from_this()](const error_code&) {
                                     if (const auto self = weak.lock()) {
                                         self->on_readable();
                                     }
                                 });
}

// Looks without taking: what comes may be the next request, which waits until this one is answered.
void StreamConnection::on_readable() noexcept {
    if (ended_) {
        return;
    }
    char byte = 0;
    const ssize_t size = ::recv(outbox_->socket().native_handle(), &byte, 1, MSG_PEEK);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
        guarded([this] { watch_client(); });
    } else if (size <= 0) {
        end(StreamEnd::client_gone);
    }
}

void StreamConnection::keep_alive_when_due() {
    timer_.expires_after(settings_.keep_alive_interval);
    timer_.async_wait([weak = weak_from_this()](const error_code& error) {
        const auto self = weak.lock();
        if (error || !self || self->ended_) {
            return;
        }
        if (self->outbox_->failed()) {
            self->end(StreamEnd::client_gone);
            return;
        }
        self->guarded([&] {
            if (self->written_ == self->written_when_due_ && !self->outbox_->congested()) {
                self->append(self->settings_.keep_alive);
            }
            self->written_when_due_ = self->written_;
            self->keep_alive_when_due();
        });
    });
}

}  // namespace beastapi::detail
