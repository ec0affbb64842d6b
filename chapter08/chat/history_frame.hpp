// How messages of the log look on the wire: each with its number, and several in a `history`.
#pragma once

#include "log/conversation.hpp"
#include "log/entry.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace chat {

/// How much longer than its payload a message's frame is at most.
inline constexpr std::size_t longest_number = 28;

/// Writes the frame of a message in the log. Needs no memory if `into` has room for it.
void write_numbered(const chat_log::Entry& entry, std::string& into);

/// What the log calls the lobby, a room and an inbox, by the chat::name_key() of its name.
inline constexpr std::string_view lobby_log = "lobby";
inline constexpr std::string_view room_log = "room:";
inline constexpr std::string_view inbox_log = "inbox:";

/// What a `history` says beside its messages.
struct HistoryFrame {
    chat_log::Seq seq = 0;  ///< up to which the client has been told
    bool more = false;
    /// Whether the messages go on where the client was; not set where it has only looked back.
    std::optional<bool> recovered{};
    std::string_view reason{};  ///< why they don't
    std::optional<chat_log::Seq> before{};
};

/// A room's frame names it by Conversation::title().
std::string write_history(const HistoryFrame& frame, const chat_log::Conversation& log,
                          const chat_log::Slice& slice);

}  // namespace chat
