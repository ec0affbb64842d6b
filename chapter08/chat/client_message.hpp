// What a client may send to the chat, and how it is read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chat {

/// Why a frame from a client is refused.
enum class ErrorCode {
    invalid_format,
    unknown_type,
    user_offline,
    name_taken,
    invalid_room,
    not_in_room,
    too_many_rooms,
    rate_limited,
    text_too_long,
    unauthorized,
    invalid_token,
    token_expired,
    invalid_since,
    unavailable,
};

/// As a frame spells them, in the order of ErrorCode.
inline constexpr std::array<std::string_view, 14> error_codes{
    "invalid_format", "unknown_type",   "user_offline",  "name_taken",    "invalid_room",
    "not_in_room",    "too_many_rooms", "rate_limited",  "text_too_long", "unauthorized",
    "invalid_token",  "token_expired",  "invalid_since", "unavailable",
};

static_assert(error_codes[static_cast<std::size_t>(ErrorCode::rate_limited)] == "rate_limited" &&
              error_codes[static_cast<std::size_t>(ErrorCode::unavailable)] == "unavailable");

/// Such as `invalid_format`.
std::string_view to_string(ErrorCode code);

/// What a client may send.
struct ClientMessage {
    enum class Type { message, pong, heartbeat, join, leave, who, typing, refresh, history };
    Type type = Type::message;
    std::string id{};  ///< of a message; empty: it has none
    std::string message{};
    std::string timestamp{};                   ///< the client's, or the server's if it sent none
    std::optional<std::string> target_user{};  ///< set: a private message
    std::optional<std::string> username{};     ///< counts only where the path names no user
    std::optional<std::string> room{};         ///< not set: the lobby
    std::string token{};                       ///< of a refresh
    std::uint64_t after = 0;                   ///< of a who: where the page before it ended
    std::optional<std::string> since{};        ///< of a join and a history: up to where it has all
    bool inbox = false;                        ///< of a history: it asks for that of the inbox
    std::optional<std::uint64_t> before{};     ///< of a history: it asks for what is older
    std::uint64_t limit = 50;                  ///< of a history: how many messages, 1 to 200
};

/// What came of a frame: the message, or else why it is refused.
struct Parsed {
    std::optional<ClientMessage> message{};
    ErrorCode error = ErrorCode::invalid_format;
};

/// The longest id of a message, in bytes.
inline constexpr std::size_t max_id_length = 64;

/// Reads a frame from a client. Never throws for what a client may do.
Parsed parse_client_message(std::string_view frame);

/// How many code points a text in UTF-8 has.
std::size_t count_code_points(std::string_view text);

}  // namespace chat
