#include "beastapi/net/outbox.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <tuple>
#include <utility>

namespace beastapi::detail {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::steady_clock;

Outbox::Outbox(Socket socket, WriteCoalescer& coalescer)
    : socket_(std::move(socket)), coalescer_(coalescer), progress_(coalescer.executor()) {}

Outbox::~Outbox() {
    // One that has failed may outlive the coalescer, in a handler that ends with the io_context.
    if (!failed_) {
        coalescer_.count_queued(-static_cast<std::ptrdiff_t>(size()));
        coalescer_.forget(*this);
    }
}

void Outbox::append(std::string_view bytes) {
    append(bytes, {});
}

void Outbox::append(std::string_view head, std::string_view body) {
    if (failed_) {
        return;
    }
    make_room();
    // Before anything is appended: half a frame would be worse than none.
    bytes_.reserve(bytes_.size() + head.size() + body.size());
    bytes_.append(head).append(body);
    coalescer_.count_queued(static_cast<std::ptrdiff_t>(head.size() + body.size()));
    send_soon();
}

void Outbox::append(std::string_view head, std::string_view body, std::string_view tail) {
    if (failed_) {
        return;
    }
    make_room();
    const std::size_t size = head.size() + body.size() + tail.size();
    bytes_.reserve(bytes_.size() + size);
    bytes_.append(head).append(body).append(tail);
    coalescer_.count_queued(static_cast<std::ptrdiff_t>(size));
    send_soon();
}

void Outbox::make_room() noexcept {
    if (bytes_.empty()) {
        bytes_ = coalescer_.take_buffer();
    } else if (head_ > bytes_.size() / 2) {
        bytes_.erase(0, head_);
        head_ = 0;
    }
}

void Outbox::send_soon() {
    if (full_) {
        return;
    }
    if (size() >= high_water) {
        // More bytes in one send gain nothing; the end of the turn may be megabytes away.
        flush();
    } else if (position_ == none) {
        coalescer_.schedule(*this);
    } else {
        coalescer_.more_ = true;
    }
}

// noexcept: a connection for which memory runs out here ends; the others must get their bytes.
void Outbox::flush() noexcept {
    if (failed_ || full_ || size() == 0) {
        return;
    }
    error_code error;
    const std::size_t sent = socket_.write_some(asio::buffer(bytes_.data() + head_, size()), error);
    if (error && error != asio::error::would_block) {
        abort();
        return;
    }
    head_ += sent;
    sent_ += sent;
    if (sent > 0) {
        Traffic& traffic = coalescer_.traffic();
        traffic.bytes_sent += sent;
        traffic.flush_bytes.observe(sent);
    }
    coalescer_.count_queued(-static_cast<std::ptrdiff_t>(sent));
    if (size() == 0) {
        head_ = 0;
        coalescer_.give_buffer(std::exchange(bytes_, {}));
    } else {
        try {
            wait_until_writable();
        } catch (const std::exception&) {
            abort();
            return;
        }
    }
    progress_.notify_all();
}

void Outbox::wait_until_writable() {
    if (!watched_) {
        coalescer_.watch(*this);
        span_begin_ = steady_clock::now();
        sent_before_span_ = sent_;
    }
    socket_.async_wait(Socket::wait_write, [self = shared_from_this()](const error_code& error) {
        self->full_ = false;
        if (error) {
            self->abort();
        } else {
            self->flush();
        }
    });
    full_ = true;
}

bool Outbox::has_room_for(std::size_t bytes) const noexcept {
    const OutboxLimits& limits = coalescer_.limits();
    const std::size_t then = size() + bytes;
    if (then <= high_water) {
        return true;
    }
    if (then > OutboxLimits::max_times_behind * limits.behind) {
        return false;
    }
    if (coalescer_.queued_bytes() + bytes > 2 * limits.total) {
        return false;
    }
    return coalescer_.queued_bytes() + bytes <= limits.total || !full_ ||
           drains_fast_enough(steady_clock::now());
}

bool Outbox::drains_fast_enough(steady_clock::time_point now) const noexcept {
    constexpr std::chrono::seconds grace(1);
    const std::chrono::duration<double> elapsed = now - span_begin_ - grace;
    const auto taken = static_cast<double>(sent_ - sent_before_span_);
    return taken >= static_cast<double>(OutboxLimits::min_rate) * elapsed.count();
}

// Judges the reader at the end of each span, and begins the next one.
bool Outbox::is_drained() noexcept {
    const auto now = steady_clock::now();
    if (now - span_begin_ < coalescer_.limits().send_timeout) {
        return true;
    }
    const bool is_behind = size() > coalescer_.limits().behind;
    const bool drained = sent_ > sent_before_span_ && (!is_behind || drains_fast_enough(now));
    span_begin_ = now;
    sent_before_span_ = sent_;
    return drained;
}

void Outbox::give_up() noexcept {
    if (owner_ != nullptr) {
        owner_->on_slow_reader();
    } else {
        abort();
    }
}

awaitable<void> Outbox::wait_until_at_most(std::size_t level) {
    while (!failed_ && size() > level) {
        co_await progress_.wait();
    }
}

awaitable<void> Outbox::shut_down(steady_clock::duration patience) {
    const auto self = shared_from_this();
    Timer deadline(coalescer_.executor(), patience);
    deadline.async_wait([self](const error_code& error) {
        if (!error) {
            self->abort();
        }
    });
    co_await wait_until_at_most(0);
    error_code error;
    socket_.shutdown(Socket::shutdown_send, error);
    std::array<char, 1024> discarded;
    while (!error && !failed_) {
        std::tie(error, std::ignore) = co_await socket_.async_read_some(
            asio::buffer(discarded), asio::as_tuple(asio::use_awaitable));
    }
    abort();
}

void Outbox::abort() noexcept {
    failed_ = true;
    error_code ignored;
    socket_.close(ignored);
    coalescer_.count_queued(-static_cast<std::ptrdiff_t>(size()));
    std::string().swap(bytes_);
    head_ = 0;
    full_ = false;
    coalescer_.forget(*this);
    progress_.notify_all();
}

}  // namespace beastapi::detail
