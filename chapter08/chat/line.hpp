// How a member is connected: by a WebSocket, or by a stream of events and the POSTs that go with
// it.
#pragma once

#include "beastapi/websocket.hpp"
#include "log/conversation.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <variant>

namespace chat {

class EventLine;

/// Up to where somebody who has read a frame has the lobby: the `id` of an event. Without a log:
/// the frame says nothing of that.
struct Mark {
    const chat_log::Conversation* log = nullptr;
    chat_log::Seq seq = 0;
};

/// That of a message of `log`: rooms and inboxes have none.
Mark mark_of(const chat_log::Conversation& log, chat_log::Seq seq);

/// What goes to many members. The event that streams need is written once, for the first of them.
class Frame {
public:
    /// `text` has to outlive it; one line, as all JSON of this server is.
    explicit Frame(std::string_view text, Mark mark = {}) : text_(text), mark_(mark) {}
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;

    std::string_view text() const noexcept { return text_; }
    /// Throws std::bad_alloc.
    const std::string& event() const;

private:
    std::string_view text_;
    Mark mark_;
    mutable std::string event_;
};

/// A handle, as the WebSocket in it. Its functions mean what WebSocket's mean; a close is an event
/// `close` there, behind which the stream ends.
class Line {
public:
    Line(beastapi::WebSocket websocket)  // NOLINT(google-explicit-constructor)
        : way_(std::move(websocket)) {}
    Line(std::shared_ptr<EventLine> events)  // NOLINT(google-explicit-constructor)
        : way_(std::move(events)) {}

    beastapi::awaitable<void> accept() const;
    beastapi::awaitable<std::string> receive_text(
        std::source_location where = std::source_location::current()) const;
    beastapi::awaitable<void> send_text(
        std::string text, Mark mark = {},
        std::source_location where = std::source_location::current()) const;
    void post(const Frame& frame) const {
        if (const auto* const websocket = std::get_if<beastapi::WebSocket>(&way_)) {
            websocket->post_text(frame.text());
        } else {
            post_event(frame);
        }
    }
    void post_text(std::string_view text, Mark mark = {}) const { post(Frame(text, mark)); }
    void post_volatile(const Frame& frame) const;
    bool is_behind() const noexcept;
    void when_drained(std::function<void()> drained) const;
    beastapi::awaitable<void> close(std::uint16_t code, std::string reason) const;
    void post_close(std::uint16_t code, std::string_view reason) const;
    bool connected() const noexcept;

    /// As those of WebSocket.
    std::chrono::steady_clock::time_point received_at() const noexcept;
    void note_delivery(std::chrono::steady_clock::time_point received) const noexcept;

    const std::shared_ptr<beastapi::ClientBudget>& budget() const noexcept;
    void charge_to(std::shared_ptr<beastapi::ClientBudget> budget) const noexcept;

    const beastapi::Request& request() const noexcept;
    const beastapi::Address& client() const noexcept { return request().client; }
    /// On a stream the header Last-Event-ID comes before `since` of the query: it's newer.
    std::optional<std::string_view> query_param(std::string_view name) const;

    /// What a POST has to name; nothing on a WebSocket.
    std::optional<std::string_view> session() const noexcept;
    /// A client that reads what is sent next has the lobby up to there.
    void mark_next(Mark mark) const;

private:
    void post_event(const Frame& frame) const;
    const beastapi::WebSocket* websocket() const noexcept {
        return std::get_if<beastapi::WebSocket>(&way_);
    }
    EventLine& events() const noexcept { return **std::get_if<std::shared_ptr<EventLine>>(&way_); }

    std::variant<beastapi::WebSocket, std::shared_ptr<EventLine>> way_;
};

}  // namespace chat
