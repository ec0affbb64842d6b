// The messages of one connection that are on their way into the log.
#pragma once

#include "chat/late.hpp"
#include "chat/line.hpp"
#include "chat/messages.hpp"
#include "chat/session.hpp"
#include "log/entry.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace chat {

struct Session::Sending {
    /// `messages` has to outlive it.
    Sending(Line to, const Messages& texts) : line(std::move(to)), messages(texts) {}

    /// One of them has arrived, or can't: tells its sender.
    void finish(const chat_log::Receipt& receipt, const std::string& id,
                const Acknowledge& acknowledge) noexcept;

    Line line;
    const Messages& messages;
    std::size_t on_their_way = 0;
    std::shared_ptr<Late<bool>> fewer{};  ///< of the coroutine that waits until they're fewer
};

}  // namespace chat
