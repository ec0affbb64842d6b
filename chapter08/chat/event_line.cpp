#include "chat/event_line.hpp"

#include "beastapi/asyncio.hpp"
#include "beastapi/json.hpp"
#include "beastapi/net/client_budget.hpp"
#include "chat/event_lines.hpp"
#include "chat/position.hpp"

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <utility>

namespace chat {

namespace asyncio = beastapi::asyncio;
namespace close_code = beastapi::close_code;
using beastapi::awaitable;
using beastapi::ClientBudget;
using beastapi::StreamEnd;
using beastapi::WebSocketDisconnect;
using std::chrono::steady_clock;

namespace {

/// What a WebSocket's close frame says, as an event.
std::string close_event(const WebSocketDisconnect& disconnect) {
    boost::json::object data;
    data["code"] = disconnect.code();
    data["reason"] = disconnect.reason();
    const std::string text = beastapi::json_dumps(data);
    return beastapi::encode({.data = text, .event = "close"});
}

}  // namespace

EventLine::EventLine(beastapi::EventStream stream, beastapi::Request request,
                     boost::asio::io_context::executor_type executor)
    : stream_(std::move(stream)),
      request_(std::move(request)),
      budget_(stream_.budget()),
      executor_(executor),
      changed_(executor) {}

EventLine::~EventLine() {
    if (lines_) {
        lines_->remove(session_);
    }
}

void EventLine::open(std::shared_ptr<EventLines> lines) {
    lines_ = std::move(lines);
    stream_.on_end([weak = weak_from_this()](StreamEnd why) {
        const auto self = weak.lock();
        return self ? self->last_words(why) : std::string();
    });
    session_ = lines_->add(executor_, weak_from_this());
}

std::string EventLine::last_words(StreamEnd why) {
    if (!closed_) {
        switch (why) {
            case StreamEnd::slow_reader:
                disconnect_ = WebSocketDisconnect(close_code::try_again_later, "Slow consumer");
                break;
            case StreamEnd::going_away:
                disconnect_ =
                    WebSocketDisconnect(close_code::going_away, "Server is shutting down");
                break;
            case StreamEnd::failed:
                disconnect_ = WebSocketDisconnect(close_code::internal_error);
                break;
            case StreamEnd::finished:
            case StreamEnd::closed:
                disconnect_ = WebSocketDisconnect(close_code::normal);
                break;
            case StreamEnd::client_gone:
                break;
        }
        closed_ = true;
    }
    changed_.notify_all();
    return close_event(disconnect_);
}

void EventLine::close(std::uint16_t code, std::string_view reason) {
    if (stream_.connected() && !closed_) {
        disconnect_ = WebSocketDisconnect(code, std::string(reason));
        closed_ = true;
        inbox_.clear();
        inbox_bytes_ = 0;
        stream_.close();
    }
}

bool EventLine::is_full() const noexcept {
    return inbox_.size() >= max_waiting || inbox_bytes_ >= max_waiting_bytes;
}

// [put]
awaitable<bool> EventLine::put(std::shared_ptr<EventLine> self, std::string frame) {
    const auto came = steady_clock::now();
    while (self->connected() && self->is_full()) {
        co_await self->changed_.wait();
    }
    if (!self->connected()) {
        co_return false;
    }
    self->charge(frame.size());
    self->inbox_bytes_ += frame.size();
    self->inbox_.push_back({std::move(frame), came});
    self->changed_.notify_all();
    co_return true;
}
// [/put]

// As a frame of a WebSocket. A client that has used its budget up is not heard until it has some
// again, and its POSTs wait.
void EventLine::charge(std::size_t bytes) {
    if (budget_ == nullptr) {
        return;
    }
    const auto pause = budget_->take_frames(1, bytes);
    if (pause > pause.zero()) {
        paused_until_ = steady_clock::now() + pause;
    }
}

awaitable<std::string> EventLine::receive_text(std::shared_ptr<EventLine> self,
                                               std::source_location where) {
    // An idle line keeps only what the chat still asks for.
    (void)std::exchange(self->request_.headers, {});
    (void)std::exchange(self->request_.target, {});
    while (true) {
        const auto now = steady_clock::now();
        if (!self->connected()) {
            throw self->disconnect_;
        }
        if (self->inbox_.empty()) {
            co_await self->changed_.wait(beastapi::inspect::Where("a message", where));
        } else if (now < self->paused_until_) {
            co_await asyncio::sleep(self->paused_until_ - now, where);
        } else {
            break;
        }
    }
    std::string frame = std::move(self->inbox_.front().frame);
    self->received_at_ = self->inbox_.front().came;
    self->inbox_.pop_front();
    self->inbox_bytes_ -= frame.size();
    self->changed_.notify_all();
    co_return frame;
}

awaitable<void> EventLine::send_text(const std::string& text, Mark mark,
                                     std::source_location where) {
    const Frame frame(text, mark.log != nullptr ? mark : std::exchange(next_mark_, {}));
    next_mark_ = {};
    return stream_.write(frame.event(), where);
}

void EventLine::post(const Frame& frame) {
    stream_.post(frame.event());
}

void EventLine::charge_to(std::shared_ptr<ClientBudget> budget) noexcept {
    budget_ = std::move(budget);
}

std::optional<std::string_view> EventLine::query_param(std::string_view name) const {
    const auto last_id = name == "since" ? request_.headers.get("Last-Event-ID") : std::nullopt;
    return last_id && !last_id->empty() ? last_id : request_.query_params.get(name);
}

}  // namespace chat
