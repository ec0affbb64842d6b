#include "beastapi/net/write_coalescer.hpp"

#include "beastapi/net/outbox.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace beastapi::detail {

namespace asio = boost::asio;

namespace {

// How often the flush goes to the back of the queue before it sends. Once lets every handler that
// is ready run first; once more, what the reactor found for them meanwhile; and up to max_hops as
// long as each time brings more for connections that wait already, unless they are a crowd: what
// piles up for it is memory that few turns need. The chat's DatabaseLog waits for it: see there.
constexpr int hops = 2;
constexpr int max_hops = 8;
constexpr std::size_t crowd = 128;

constexpr std::size_t max_spare_buffer = 4 * 1024;
constexpr std::size_t max_spare_bytes = 64 * 1024;

// How many times within OutboxLimits::send_timeout the full sockets are looked at.
constexpr int checks = 8;

}  // namespace

WriteCoalescer::WriteCoalescer(asio::io_context& context, OutboxLimits limits,
                               QueuedBytes* everywhere, Traffic* traffic)
    : executor_(context.get_executor()),
      limits_(limits),
      everywhere_(everywhere),
      unseen_(traffic == nullptr ? std::make_unique<Traffic>() : nullptr),
      traffic_(traffic == nullptr ? unseen_.get() : traffic),
      check_timer_(executor_) {}

WriteCoalescer::~WriteCoalescer() {
    if (everywhere_ != nullptr) {
        everywhere_->fetch_sub(queued_bytes_told_, std::memory_order_relaxed);
    }
}

std::size_t WriteCoalescer::queued_bytes() const noexcept {
    const std::ptrdiff_t told =
        everywhere_ != nullptr ? everywhere_->load(std::memory_order_relaxed) : queued_bytes_told_;
    return static_cast<std::size_t>(told + queued_bytes_ - queued_bytes_told_);
}

void WriteCoalescer::count_queued(std::ptrdiff_t bytes) noexcept {
    // Telling costs an access to memory that all threads write to.
    constexpr std::ptrdiff_t worth_telling = 64 * 1024;
    queued_bytes_ += bytes;
    const std::ptrdiff_t news = queued_bytes_ - queued_bytes_told_;
    if (everywhere_ != nullptr && std::abs(news) > worth_telling) {
        everywhere_->fetch_add(news, std::memory_order_relaxed);
        queued_bytes_told_ = queued_bytes_;
    }
}

void WriteCoalescer::schedule(Outbox& outbox) {
    dirty_.push_back(&outbox);
    outbox.position_ = dirty_.size() - 1;
    if (!scheduled_) {
        scheduled_ = true;
        post_hop(1);
    }
}

void WriteCoalescer::forget(Outbox& outbox) noexcept {
    if (outbox.position_ != Outbox::none) {
        dirty_[outbox.position_] = nullptr;
        outbox.position_ = Outbox::none;
    }
    if (outbox.watched_) {
        std::erase(congested_, &outbox);
        outbox.watched_ = false;
    }
}

void WriteCoalescer::post_hop(int hop) noexcept {
    hop_.post(executor_, [this, hop] {
        const bool more = std::exchange(more_, false) && dirty_.size() <= crowd;
        if (hop <= hops || (more && hop <= max_hops)) {
            post_hop(hop + 1);
        } else {
            flush_all();
        }
    });
}

void WriteCoalescer::flush_all() noexcept {
    scheduled_ = false;
    flushing_.swap(dirty_);
    for (Outbox* const outbox : flushing_) {
        if (outbox != nullptr) {
            outbox->position_ = Outbox::none;
        }
    }
    // Flushing resumes nobody before this returns, so no outbox ends, and none is written to.
    for (Outbox* const outbox : flushing_) {
        if (outbox != nullptr) {
            outbox->flush();
        }
    }
    flushing_.clear();
    if (!delivered_.empty()) {
        count_deliveries();
    }
}

void WriteCoalescer::note_delivery(std::chrono::steady_clock::time_point read) noexcept {
    try {
        delivered_.push_back(read);
        if (!scheduled_) {
            count_deliveries();  // it has left already, or nobody gets it
        }
    } catch (const std::bad_alloc&) {}  // one more or less
}

void WriteCoalescer::count_deliveries() noexcept {
    const auto now = std::chrono::steady_clock::now();
    for (const auto read : delivered_) {
        traffic_->delivery.observe(now - read);
    }
    delivered_.clear();
}

Load WriteCoalescer::load() const noexcept {
    Load load{.outbox_bytes = static_cast<std::size_t>(std::max<std::ptrdiff_t>(queued_bytes_, 0)),
              .congested = congested_.size()};
    for (const auto* const outboxes : {&congested_, &dirty_}) {
        for (const Outbox* const outbox : *outboxes) {
            if (outbox != nullptr) {
                load.largest_outbox = std::max(load.largest_outbox, outbox->size());
            }
        }
    }
    return load;
}

void WriteCoalescer::watch(Outbox& outbox) {
    congested_.push_back(&outbox);
    outbox.watched_ = true;
    if (!checking_) {
        check_congested_later();
    }
}

void WriteCoalescer::check_congested_later() {
    check_timer_.expires_after(limits_.send_timeout / checks);
    check_timer_.async_wait([this](const boost::system::error_code& error) {
        checking_ = false;
        if (!error) {
            check_congested();
        }
    });
    checking_ = true;
}

void WriteCoalescer::check_congested() noexcept {
    // Backwards: an outbox that is let go is taken out, and ones before it keep their place.
    for (std::size_t i = congested_.size(); i-- > 0;) {
        Outbox& outbox = *congested_[i];
        if (!outbox.congested()) {
            outbox.watched_ = false;
            congested_[i] = congested_.back();
            congested_.pop_back();
        } else if (!outbox.is_drained()) {
            outbox.give_up();
            i = std::min(i, congested_.size());
        }
    }
    if (congested_.empty()) {
        return;
    }
    try {
        check_congested_later();
    } catch (const std::exception&) {
        // Without a timer nobody would look after them.
        while (!congested_.empty()) {
            congested_.back()->abort();
        }
    }
}

std::string WriteCoalescer::take_buffer() noexcept {
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

}  // namespace beastapi::detail
