// Gathers what a turn of the event loop writes, so that each connection sends it in one call.
#pragma once

#include "beastapi/net/reserved_post.hpp"
#include "beastapi/traffic.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace beastapi::detail {

using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                boost::asio::wait_traits<std::chrono::steady_clock>,
                                                boost::asio::io_context::executor_type>;

class Outbox;

/// What may wait for slow readers. docs/cost.md explains the rule.
struct OutboxLimits {
    /// A reader for which more than this waits is behind (bytes).
    std::size_t behind = 1024 * 1024;
    /// What may wait for all readers together (bytes). Above it, only those that drain may be
    /// behind; above twice that, nobody.
    std::size_t total = 256 * 1024 * 1024;
    /// In each such span, a reader must take something; one that is behind, min_rate on average.
    std::chrono::steady_clock::duration send_timeout = std::chrono::seconds(10);

    /// No reader may be behind by more than so many times `behind`.
    static constexpr std::size_t max_times_behind = 16;
    /// What a reader that is behind must take (bytes a second): a quarter of 1 Mbit/s.
    static constexpr std::size_t min_rate = 32 * 1024;
};

/// Bytes that wait in the outboxes of several io_contexts. Each WriteCoalescer tells it, not with
/// every byte, what has been added and taken away.
using QueuedBytes = std::atomic<std::ptrdiff_t>;

/// Knows the outboxes of one io_context that have something to do.
///
/// It flushes them together at the end of a turn of the loop, so that all that was written to
/// a connection during the turn leaves in one send. And it looks after those whose socket is full:
/// now and then it asks each whether its reader still drains it.
///
/// Scheduling, flushing and giving up allocate nothing that could fail for all: where memory runs
/// out, the one connection concerned ends.
class WriteCoalescer {
public:
    /// OutboxLimits::total counts what `everywhere` counts, which has to outlive this; null: what
    /// waits in the outboxes of this io_context. What is sent counts in `traffic`, which has to
    /// outlive this, too; null: nobody sees it.
    explicit WriteCoalescer(boost::asio::io_context& context, OutboxLimits limits = {},
                            QueuedBytes* everywhere = nullptr, Traffic* traffic = nullptr);
    ~WriteCoalescer();
    WriteCoalescer(const WriteCoalescer&) = delete;
    WriteCoalescer& operator=(const WriteCoalescer&) = delete;

    boost::asio::io_context::executor_type executor() const { return executor_; }
    const OutboxLimits& limits() const noexcept { return limits_; }

    /// Bytes that wait in all outboxes, give or take the 64 KiB that each of the other io_contexts
    /// may not have told yet.
    std::size_t queued_bytes() const noexcept;

    Traffic& traffic() noexcept { return *traffic_; }

    /// What a message that was read at that time has led to waits for the next flush: how long that
    /// took is counted then.
    void note_delivery(std::chrono::steady_clock::time_point read) noexcept;

    /// Of the outboxes here; the number of connections is not known here.
    Load load() const noexcept;

private:
    friend class Outbox;

    void count_queued(std::ptrdiff_t bytes) noexcept;

    void schedule(Outbox& outbox);
    void forget(Outbox& outbox) noexcept;
    void post_hop(int hop) noexcept;
    void flush_all() noexcept;
    void count_deliveries() noexcept;

    void watch(Outbox& outbox);
    void check_congested() noexcept;
    void check_congested_later();

    std::string take_buffer() noexcept;
    void give_buffer(std::string buffer) noexcept;

    boost::asio::io_context::executor_type executor_;
    OutboxLimits limits_;
    QueuedBytes* everywhere_;
    std::unique_ptr<Traffic> unseen_;  // where nobody wants to know
    Traffic* traffic_;
    std::vector<std::chrono::steady_clock::time_point> delivered_;  // when each had been read
    std::ptrdiff_t queued_bytes_ = 0;                               // here
    std::ptrdiff_t queued_bytes_told_ = 0;                          // of them, to everywhere_
    std::vector<Outbox*> dirty_;
    std::vector<Outbox*> flushing_;  // empty between two flushes; keeps its memory
    PostStorage hop_;
    bool scheduled_ = false;
    bool more_ = false;  // has come since the last hop, for an outbox that is dirty
    std::vector<Outbox*> congested_;
    Timer check_timer_;
    bool checking_ = false;
    // Idle connections hold no buffer: they borrow one with the first byte, and give it back with
    // the last.
    std::vector<std::string> spare_buffers_;
    std::size_t spare_bytes_ = 0;
};

}  // namespace beastapi::detail
