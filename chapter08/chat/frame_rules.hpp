// How the chat's tables of frames are written: what a frame has, and what each field may be. The
// parser, the writers and `/asyncapi.json` all read these tables, so that they agree.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <utility>

namespace chat {

/// Every field of a frame. Those that a client may send come first.
enum class Key : std::uint8_t {
    type,
    message,
    timestamp,
    target_user,
    username,
    room,
    token,
    after,
    id,
    since,
    inbox,
    before,
    limit,
    // From here on only the server writes them.
    event,
    connected_count,
    connected_users,
    more,
    next,
    heartbeat_interval,
    epoch,
    seq,
    members,
    member_count,
    users,
    joined,
    joined_count,
    left,
    left_count,
    from,
    duplicate,
    expires_in,
    code,
    retry,
    retry_after_ms,
    messages,
    recovered,
    reason,
};

inline constexpr std::size_t client_key_count = 13;

/// As a frame spells them, in the order of Key.
inline constexpr std::array<std::string_view, 37> key_names{
    "type",
    "message",
    "timestamp",
    "target_user",
    "username",
    "room",
    "token",
    "after",
    "id",
    "since",
    "inbox",
    "before",
    "limit",
    "event",
    "connected_count",
    "connected_users",
    "more",
    "next",
    "heartbeat_interval",
    "epoch",
    "seq",
    "members",
    "member_count",
    "users",
    "joined",
    "joined_count",
    "left",
    "left_count",
    "from",
    "duplicate",
    "expires_in",
    "code",
    "retry",
    "retry_after_ms",
    "messages",
    "recovered",
    "reason",
};

constexpr std::string_view name_of(Key key) {
    return key_names[static_cast<std::size_t>(key)];
}

static_assert(name_of(Key::limit) == "limit" && name_of(Key::epoch) == "epoch" &&
              name_of(Key::code) == "code" && name_of(Key::reason) == "reason");

/// What a value is.
enum class Kind : std::uint8_t {
    text,
    number,  ///< a whole one, from 0
    boolean,
    flag,      ///< true, or the field isn't there
    seconds,   ///< a number that may have a fraction
    names,     ///< a list of texts
    position,  ///< an object with an epoch and a seq
    numbered,  ///< a list of frames that are messages or private ones
};

/// What a text has to look like.
enum class Form : std::uint8_t {
    any,
    visible,    ///< visible ASCII characters
    date_time,  ///< RFC 3339
};

enum class Need : std::uint8_t { optional, required };

/// One field of a frame.
struct FieldRule {
    Key key;
    Kind kind = Kind::text;
    Need need = Need::optional;
    std::string_view about{};  ///< a sentence
    Form form = Form::any;
    /// Of a number its value, of a visible text its length, of a list how many it has.
    std::uint64_t least = 0;
    std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    std::span<const std::string_view> one_of{};  ///< of a text; empty: it may be anything

    constexpr FieldRule required() const {
        FieldRule rule = *this;
        rule.need = Need::required;
        return rule;
    }
    constexpr bool is_required() const { return need == Need::required; }
};

/// Which endpoints send a frame.
enum class Where : std::uint8_t { everywhere, nameless, named, heartbeat };

/// One kind of frame. `type` and `event` are no part of `fields`.
struct FrameRule {
    std::string_view name{};  ///< of the message in `/asyncapi.json`
    std::string_view type{};
    std::string_view event{};  ///< of a system frame
    std::string_view about{};  ///< a sentence
    std::span<const FieldRule> fields{};
    /// Of each pair a frame may have one only.
    std::span<const std::pair<Key, Key>> not_both{};
    Where where = Where::everywhere;

    constexpr bool has(Key key) const {
        for (const FieldRule& field : fields) {
            if (field.key == key) {
                return true;
            }
        }
        return false;
    }
};

}  // namespace chat
