// The state behind a ResponseStream: how bytes are framed, and how the stream ends.
#pragma once

#include "beastapi/inspect/node.hpp"
#include "beastapi/net/async_condition.hpp"
#include "beastapi/net/client_budget.hpp"
#include "beastapi/net/handle_count.hpp"
#include "beastapi/net/outbox.hpp"
#include "beastapi/refusals.hpp"
#include "beastapi/streaming.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>

namespace beastapi::detail {

struct StreamSettings {
    bool chunked = true;  ///< else the end of the connection is the end of the body: HTTP/1.0
    /// Sent each `keep_alive_interval` in which nothing else was; empty: nothing is.
    std::string_view keep_alive{};
    std::chrono::steady_clock::duration keep_alive_interval = std::chrono::seconds(20);
    /// How long the client may take for the last bytes.
    std::chrono::steady_clock::duration end_timeout = std::chrono::seconds(10);
};

/// Writes one body to an outbox, piece by piece. Meanwhile it watches the socket, because nobody
/// else would notice that the client has left.
class StreamConnection final : public std::enable_shared_from_this<StreamConnection>,
                               private Outbox::Owner {
public:
    /// `budget` pays; null: nobody counts. `refusals` has to outlive it.
    StreamConnection(std::shared_ptr<Outbox> outbox, std::shared_ptr<ClientBudget> budget,
                     const StreamSettings& settings, Refusals& refusals);
    StreamConnection(const StreamConnection&) = delete;
    StreamConnection& operator=(const StreamConnection&) = delete;
    virtual ~StreamConnection();

    /// To be called once the head is written.
    void start();

    static awaitable<void> write(std::shared_ptr<StreamConnection> self, std::string bytes,
                                 std::source_location where);
    void post(std::string_view bytes) noexcept;
    void post_volatile(std::string_view bytes) noexcept;
    bool is_behind() const noexcept;
    void when_drained(std::function<void()> drained);
    void on_end(std::function<std::string(StreamEnd)> last_words) {
        last_words_ = std::move(last_words);
    }

    /// Only the first end counts.
    void end(StreamEnd why) noexcept;
    const std::optional<StreamEnd>& ended() const noexcept { return ended_; }
    static awaitable<void> wait_for_end(std::shared_ptr<StreamConnection> self,
                                        inspect::Where where = {});
    /// For the inspector.
    inspect::Queues queues() const noexcept { return {.outbox_bytes = outbox_->size()}; }

    void note_delivery(std::chrono::steady_clock::time_point received) noexcept {
        outbox_->coalescer().note_delivery(received);
    }

    const std::shared_ptr<ClientBudget>& budget() const noexcept { return budget_; }

private:
    template <class Function>
    void guarded(Function function) noexcept;
    void append(std::string_view bytes);
    void say_last_words(StreamEnd why);
    void watch_client();
    void on_readable() noexcept;
    void keep_alive_when_due();
    void on_slow_reader() noexcept override;

    HandleCount handles_;
    std::shared_ptr<Outbox> outbox_;
    std::shared_ptr<ClientBudget> budget_;
    StreamSettings settings_;
    Refusals& refusals_;
    std::function<std::string(StreamEnd)> last_words_;
    std::optional<StreamEnd> ended_;
    Traffic* traffic_ = nullptr;          // where it counts as open
    std::uint64_t written_ = 0;           // bytes
    std::uint64_t written_when_due_ = 0;  // when a comment was due the last time
    AsyncCondition changed_;
    Timer timer_;  // of the next comment; then: of the end
};

}  // namespace beastapi::detail
