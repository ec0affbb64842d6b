#include "chat/line.hpp"

#include "beastapi/streaming.hpp"
#include "chat/event_line.hpp"
#include "chat/history_frame.hpp"
#include "chat/identity.hpp"

#include <fmt/format.h>

#include <utility>

namespace chat {

using beastapi::awaitable;
using beastapi::WebSocket;

Mark mark_of(const chat_log::Conversation& log, chat_log::Seq seq) {
    return log.name() == lobby_log ? Mark{&log, seq} : Mark();
}

const std::string& Frame::event() const {
    if (event_.empty()) {
        const std::string id =
            mark_.log == nullptr ? "" : fmt::format("{}:{}", mark_.log->epoch(), mark_.seq);
        event_ = beastapi::encode({.data = text_, .id = id});
    }
    return event_;
}

awaitable<void> Line::accept() const {
    if (const WebSocket* const way = websocket()) {
        co_await way->accept(subprotocol_of(way->request()));
    }
}

awaitable<std::string> Line::receive_text(std::source_location where) const {
    const WebSocket* const way = websocket();
    return way != nullptr ? way->receive_text(where)
                          : EventLine::receive_text(events().shared_from_this(), where);
}

awaitable<void> Line::send_text(std::string text, Mark mark, std::source_location where) const {
    const WebSocket* const way = websocket();
    return way != nullptr ? way->send_text(std::move(text), where)
                          : events().send_text(text, mark, where);
}

void Line::post_event(const Frame& frame) const {
    events().post(frame);
}

void Line::post_volatile(const Frame& frame) const {
    if (const WebSocket* const way = websocket()) {
        way->post_volatile_text(frame.text());
    } else {
        events().post_volatile(frame);
    }
}

bool Line::is_behind() const noexcept {
    const WebSocket* const way = websocket();
    return way != nullptr ? way->is_behind() : events().is_behind();
}

void Line::when_drained(std::function<void()> drained) const {
    if (const WebSocket* const way = websocket()) {
        way->when_drained(std::move(drained));
    } else {
        events().when_drained(std::move(drained));
    }
}

awaitable<void> Line::close(std::uint16_t code, std::string reason) const {
    post_close(code, reason);
    co_return;
}

void Line::post_close(std::uint16_t code, std::string_view reason) const {
    if (const WebSocket* const way = websocket()) {
        way->post_close(code, reason);
    } else {
        events().close(code, reason);
    }
}

bool Line::connected() const noexcept {
    const WebSocket* const way = websocket();
    return way != nullptr ? way->connected() : events().connected();
}

std::chrono::steady_clock::time_point Line::received_at() const noexcept {
    const WebSocket* const way = websocket();
    return way != nullptr ? way->received_at() : events().received_at();
}

void Line::note_delivery(std::chrono::steady_clock::time_point received) const noexcept {
    if (const WebSocket* const way = websocket()) {
        way->note_delivery(received);
    } else {
        events().note_delivery(received);
    }
}

const std::shared_ptr<beastapi::ClientBudget>& Line::budget() const noexcept {
    const WebSocket* const way = websocket();
    return way != nullptr ? way->budget() : events().budget();
}

void Line::charge_to(std::shared_ptr<beastapi::ClientBudget> budget) const noexcept {
    if (const WebSocket* const way = websocket()) {
        way->charge_to(std::move(budget));
    } else {
        events().charge_to(std::move(budget));
    }
}

const beastapi::Request& Line::request() const noexcept {
    const WebSocket* const way = websocket();
    return way != nullptr ? way->request() : events().request();
}

std::optional<std::string_view> Line::query_param(std::string_view name) const {
    const WebSocket* const way = websocket();
    return way != nullptr ? way->query_param(name) : events().query_param(name);
}

std::optional<std::string_view> Line::session() const noexcept {
    return websocket() != nullptr ? std::nullopt
                                  : std::optional<std::string_view>(events().session());
}

void Line::mark_next(Mark mark) const {
    if (websocket() == nullptr) {
        events().mark_next(mark);
    }
}

}  // namespace chat
