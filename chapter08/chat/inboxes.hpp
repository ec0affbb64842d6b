// Whose inbox it is, where names are anyone's.
#pragma once

#include "beastapi/awaitable.hpp"
#include "chat/position.hpp"
#include "log/log.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace chat {

/// Opens the inbox of a user who comes.
///
/// Without tokens a name belongs to the user who has it now. An inbox then waits for its user for
/// `resume_window`, and is given back only to a client that brings its epoch, which nobody can
/// guess; to anybody else it's a new one. With tokens it's always the user's own.
class Inboxes {
public:
    using Clock = std::chrono::steady_clock;

    /// `log` has to outlive it.
    Inboxes(chat_log::Log& log, Clock::duration resume_window)
        : log_(log), resume_window_(resume_window) {}
    Inboxes(const Inboxes&) = delete;
    Inboxes& operator=(const Inboxes&) = delete;

    /// That of a user by name_key(), which is the client's if `is_owner` says so once it's open:
    /// the user is there, or a token has proved who it is. Else `position` has to be of it. Null:
    /// the log can't be written now.
    beastapi::awaitable<chat_log::ConversationPtr> open(std::string user,
                                                        std::optional<Position> position,
                                                        std::function<bool()> is_owner);

    /// The user's last connection ends.
    void leave(const std::string& user) noexcept;

private:
    bool still_waits(const std::string& user, Clock::time_point now) const;
    void forget_old(Clock::time_point now) noexcept;

    chat_log::Log& log_;
    Clock::duration resume_window_;
    Clock::time_point begin_ = Clock::now();
    std::unordered_map<std::string, Clock::time_point> left_;
    std::deque<std::pair<Clock::time_point, std::string>> by_age_;
};

}  // namespace chat
