#include "chat/inboxes.hpp"

#include "chat/history_frame.hpp"
#include "chat/log_operations.hpp"

#include <new>
#include <utility>

namespace chat {

using beastapi::awaitable;
using chat_log::ConversationPtr;

awaitable<ConversationPtr> Inboxes::open(std::string user, std::optional<Position> position,
                                         std::function<bool()> is_owner) {
    const std::string name = std::string(inbox_log) + user;
    ConversationPtr inbox = co_await open_log(log_, name);
    if (inbox && position) {
        inbox = co_await catch_up(log_, inbox, *position);
    }
    const auto may_have_it = [&] {
        const bool has_its_epoch = position && position->epoch == inbox->epoch();
        return is_owner() || inbox->is_new() || (has_its_epoch && still_waits(user, Clock::now()));
    };
    if (inbox && !may_have_it()) {
        inbox = co_await restart_log(log_, inbox);
    }
    if (inbox) {
        inbox->set_known();
    }
    co_return inbox;
}

void Inboxes::leave(const std::string& user) noexcept {
    const auto now = Clock::now();
    forget_old(now);
    try {
        by_age_.emplace_back(now, user);
        left_[user] = now;
    } catch (const std::bad_alloc&) {}  // then the inbox starts over
}

// Of a user who isn't known, the inbox is from before the process began.
bool Inboxes::still_waits(const std::string& user, Clock::time_point now) const {
    const auto left = left_.find(user);
    return now - (left == left_.end() ? begin_ : left->second) <= resume_window_;
}

void Inboxes::forget_old(Clock::time_point now) noexcept {
    while (!by_age_.empty() && now - by_age_.front().first > resume_window_) {
        const auto& [time, user] = by_age_.front();
        const auto left = left_.find(user);
        if (left != left_.end() && left->second == time) {
            left_.erase(left);
        }
        by_age_.pop_front();
    }
}

}  // namespace chat
