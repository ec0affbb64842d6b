// The messages of one connection that are on their way into the log.
#pragma once

#include "chat/activity.hpp"
#include "chat/late.hpp"
#include "chat/line.hpp"
#include "chat/messages.hpp"
#include "chat/session.hpp"
#include "log/entry.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace chat {

struct Session::Sending {
    /// `messages` and `activity` have to outlive it.
    Sending(Line to, const Messages& texts, Activity& counts)
        : line(std::move(to)), messages(texts), activity(counts) {}

    /// When a message came, and when the log was asked to take it.
    struct Times {
        std::chrono::steady_clock::time_point received;
        std::chrono::steady_clock::time_point asked;
    };

    /// One of them has arrived, or can't: tells its sender.
    void finish(const chat_log::Receipt& receipt, const std::string& id,
                const Acknowledge& acknowledge, const Times& times) noexcept;
    void count(const chat_log::Receipt& receipt, const Times& times) const noexcept;

    Line line;
    const Messages& messages;
    Activity& activity;
    bool asking = false;  ///< the call that asks the log hasn't returned
    std::size_t on_their_way = 0;
    std::shared_ptr<Late<bool>> fewer{};  ///< of the coroutine that waits until they're fewer
};

}  // namespace chat
