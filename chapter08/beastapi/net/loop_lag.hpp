// How late the handlers of an event loop are.
#pragma once

#include "beastapi/net/reserved_post.hpp"
#include "beastapi/net/write_coalescer.hpp"
#include "monitor/histogram.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>

namespace beastapi::detail {

/// A timer that measures by how much it's late: that is how long a handler that became ready then
/// would have waited, because others ran.
class LoopLag {
public:
    static constexpr std::chrono::milliseconds interval{100};

    /// `lag` has to outlive it.
    LoopLag(boost::asio::io_context& context, monitor::Durations& lag)
        : timer_(context.get_executor()), lag_(lag) {}
    LoopLag(const LoopLag&) = delete;
    LoopLag& operator=(const LoopLag&) = delete;

    void start() noexcept;
    /// From then on it's no work that the loop would wait for.
    void stop() noexcept;

private:
    using Storage = OperationStorage<256>;

    class Handler {
    public:
        using allocator_type = Storage::Allocator<char>;

        explicit Handler(LoopLag& owner) noexcept : owner_(&owner) {}
        allocator_type get_allocator() const noexcept { return allocator_type(owner_->storage_); }
        void operator()(const boost::system::error_code& error) const noexcept {
            if (!error) {
                owner_->on_timer();
            }
        }

    private:
        LoopLag* owner_;
    };

    void on_timer() noexcept;

    Timer timer_;
    monitor::Durations& lag_;
    // For the one operation: what goes on all the time must not fail for want of memory.
    Storage storage_;
    bool stopped_ = false;
};

}  // namespace beastapi::detail
