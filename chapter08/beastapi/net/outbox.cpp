#include "beastapi/net/outbox.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>

namespace beastapi::detail {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// How often the flush goes to the back of the queue before it sends. Once lets every handler that
// is ready run first; once more, what the reactor found for them meanwhile; and up to max_hops as
// long as each time brings more for connections that wait already, unless they are a crowd: what
// piles up for it is memory that few turns need.
constexpr int hops = 2;
constexpr int max_hops = 8;
constexpr std::size_t crowd = 128;

constexpr std::size_t max_spare_buffer = 4 * 1024;
constexpr std::size_t max_spare_bytes = 64 * 1024;

}  // namespace

WriteCoalescer::WriteCoalescer(asio::io_context& context) : executor_(context.get_executor()) {}

void WriteCoalescer::schedule(Outbox& outbox) {
    outbox.position_ = dirty_.size();
    dirty_.push_back(&outbox);
    if (!scheduled_) {
        scheduled_ = true;
        post_hop(1);
    }
}

void WriteCoalescer::forget(const Outbox& outbox) noexcept {
    if (outbox.position_ != Outbox::none) {
        dirty_[outbox.position_] = nullptr;
    }
}

void WriteCoalescer::post_hop(int hop) {
    asio::post(executor_, [this, hop] {
        const bool more = std::exchange(more_, false) && dirty_.size() <= crowd;
        if (hop <= hops || (more && hop <= max_hops)) {
            post_hop(hop + 1);
        } else {
            flush_all();
        }
    });
}

void WriteCoalescer::flush_all() {
    scheduled_ = false;
    std::vector<Outbox*> turn;
    turn.swap(dirty_);
    for (Outbox* const outbox : turn) {
        if (outbox != nullptr) {
            outbox->position_ = Outbox::none;
            outbox->flush();
        }
    }
    if (dirty_.empty()) {
        turn.clear();
        dirty_.swap(turn);
    }
}

std::string WriteCoalescer::take_buffer() {
    if (spare_buffers_.empty()) {
        return {};
    }
    std::string buffer = std::move(spare_buffers_.back());
    spare_buffers_.pop_back();
    spare_bytes_ -= buffer.capacity();
    return buffer;
}

void WriteCoalescer::give_buffer(std::string buffer) noexcept {
    if (buffer.capacity() > max_spare_buffer ||
        spare_bytes_ + buffer.capacity() > max_spare_bytes) {
        return;
    }
    try {
        const std::size_t capacity = buffer.capacity();
        buffer.clear();
        spare_buffers_.push_back(std::move(buffer));
        spare_bytes_ += capacity;
    } catch (const std::bad_alloc&) {
        // Then it is freed instead.
    }
}

Outbox::Outbox(Socket socket, WriteCoalescer& coalescer)
    : socket_(std::move(socket)), coalescer_(coalescer), progress_(coalescer.executor()) {}

Outbox::~Outbox() {
    coalescer_.forget(*this);
}

void Outbox::append(std::string_view bytes) {
    if (failed_) {
        return;
    }
    make_room();
    bytes_.append(bytes);
    send_soon();
}

void Outbox::append_frame(Opcode opcode, std::string_view payload) {
    if (failed_) {
        return;
    }
    make_room();
    bytes_.append(FrameHeader(opcode, payload.size()).bytes()).append(payload);
    send_soon();
}

void Outbox::make_room() {
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
        // Nothing is gained by more bytes in one send; the end of the turn may be megabytes away.
        flush();
    } else if (position_ == none) {
        coalescer_.schedule(*this);
    } else {
        coalescer_.more_ = true;
    }
}

void Outbox::flush() {
    if (failed_ || full_ || size() == 0) {
        return;
    }
    error_code error;
    head_ += socket_.write_some(asio::buffer(bytes_.data() + head_, size()), error);
    if (error && error != asio::error::would_block) {
        abort();
        return;
    }
    if (size() > 0) {
        wait_until_writable();
    } else {
        head_ = 0;
        coalescer_.give_buffer(std::exchange(bytes_, {}));
    }
    progress_.notify_all();
}

void Outbox::wait_until_writable() {
    full_ = true;
    socket_.async_wait(Socket::wait_write, [self = shared_from_this()](const error_code& error) {
        self->full_ = false;
        if (error) {
            self->abort();
        } else {
            self->flush();
        }
    });
}

awaitable<void> Outbox::wait_until_at_most(std::size_t level) {
    while (!failed_ && size() > level) {
        co_await progress_.async_wait(asio::use_awaitable);
    }
}

awaitable<void> Outbox::shut_down(std::chrono::steady_clock::duration patience) {
    const auto self = shared_from_this();
    const auto abort_if_late = [self](const error_code& error) {
        if (!error) {
            self->abort();
        }
    };
    Timer deadline(coalescer_.executor(), patience);
    deadline.async_wait(abort_if_late);
    co_await wait_until_at_most(0);
    if (failed_) {
        co_return;
    }
    error_code error;
    socket_.shutdown(Socket::shutdown_send, error);
    deadline.expires_after(patience);
    deadline.async_wait(abort_if_late);
    std::array<char, 1024> discarded;
    while (!error) {
        std::tie(error, std::ignore) = co_await socket_.async_read_some(
            asio::buffer(discarded), asio::as_tuple(asio::use_awaitable));
    }
    abort();
}

void Outbox::abort() noexcept {
    failed_ = true;
    error_code ignored;
    socket_.close(ignored);
    bytes_ = {};
    head_ = 0;
    progress_.notify_all();
}

}  // namespace beastapi::detail
