// A member's line without a WebSocket: frames go out as events, and come in by POST.
#pragma once

#include "beastapi/net/async_condition.hpp"
#include "beastapi/request.hpp"
#include "beastapi/streaming.hpp"
#include "beastapi/websocket.hpp"
#include "chat/line.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>

namespace chat {

class EventLines;

/// What WebSocketConnection is to a WebSocket. It belongs to the loop of its stream.
class EventLine : public std::enable_shared_from_this<EventLine> {
public:
    /// What waits for the handler at most; then a POST isn't answered until there is room.
    static constexpr std::size_t max_waiting = 64;  // frames
    static constexpr std::size_t max_waiting_bytes = 64 * 1024;

    EventLine(beastapi::EventStream stream, beastapi::Request request,
              boost::asio::io_context::executor_type executor);
    EventLine(const EventLine&) = delete;
    EventLine& operator=(const EventLine&) = delete;
    ~EventLine();

    /// Makes the line known under a new secret. Without it no POST comes.
    void open(std::shared_ptr<EventLines> lines);

    /// Takes what a POST has brought. False if the line has ended.
    static beastapi::awaitable<bool> put(std::shared_ptr<EventLine> self, std::string frame);

    static beastapi::awaitable<std::string> receive_text(std::shared_ptr<EventLine> self,
                                                         std::source_location where);
    beastapi::awaitable<void> send_text(const std::string& text, Mark mark,
                                        std::source_location where);
    void post(const Frame& frame);
    void post_volatile(const Frame& frame) { stream_.post_volatile(frame.event()); }
    bool is_behind() const noexcept { return stream_.is_behind(); }
    void when_drained(std::function<void()> drained) { stream_.when_drained(std::move(drained)); }
    void close(std::uint16_t code, std::string_view reason);
    bool connected() const noexcept { return stream_.connected(); }

    /// When what was received last had come.
    std::chrono::steady_clock::time_point received_at() const noexcept { return received_at_; }
    void note_delivery(std::chrono::steady_clock::time_point received) const noexcept {
        stream_.note_delivery(received);
    }

    const std::shared_ptr<beastapi::ClientBudget>& budget() const noexcept { return budget_; }
    void charge_to(std::shared_ptr<beastapi::ClientBudget> budget) noexcept;
    const beastapi::Request& request() const noexcept { return request_; }
    std::optional<std::string_view> query_param(std::string_view name) const;
    const std::string& session() const noexcept { return session_; }
    void mark_next(Mark mark) noexcept { next_mark_ = mark; }

private:
    struct Waiting {
        std::string frame;
        std::chrono::steady_clock::time_point came;
    };

    std::string last_words(beastapi::StreamEnd why);
    void charge(std::size_t bytes);
    bool is_full() const noexcept;

    beastapi::EventStream stream_;
    beastapi::Request request_;
    std::shared_ptr<beastapi::ClientBudget> budget_;
    std::shared_ptr<EventLines> lines_;
    std::string session_;
    Mark next_mark_{};
    std::deque<Waiting> inbox_;
    std::size_t inbox_bytes_ = 0;
    std::chrono::steady_clock::time_point received_at_{};
    std::chrono::steady_clock::time_point paused_until_{};  // the budget allows no more before
    bool closed_ = false;                                   // with disconnect_
    beastapi::WebSocketDisconnect disconnect_{beastapi::close_code::abnormal};
    boost::asio::io_context::executor_type executor_;
    beastapi::detail::AsyncCondition changed_;
};

}  // namespace chat
