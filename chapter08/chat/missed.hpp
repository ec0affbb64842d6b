// What a client has missed since it was last there.
#pragma once

#include "chat/position.hpp"
#include "log/log.hpp"

#include <functional>
#include <optional>
#include <string>

namespace chat {

struct Missed {
    std::string frame{};    ///< a `history`; empty if the log can't be read now
    chat_log::Seq seq = 0;  ///< up to which the client has everything then, or has been told
                            ///< that the rest is for it to ask for
    std::optional<chat_log::Seq> whole_up_to{};  ///< up to which it has everything then
    bool whole = false;                          ///< nothing is missing between the two
};

/// Reads what comes behind that position: at most 200 messages and 256 KiB. If the log is another
/// one, or no longer has all of it, the last 50, and the frame says that there is a gap.
void read_missed(chat_log::Log& log, const chat_log::ConversationPtr& conversation,
                 const Position& since, std::function<void(Missed)> done);

/// The last 50, as for a client whose gap has that reason.
void read_last(chat_log::Log& log, const chat_log::ConversationPtr& conversation,
               std::string_view reason, std::function<void(Missed)> done);

}  // namespace chat
