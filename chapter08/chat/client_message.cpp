#include "chat/client_message.hpp"

#include "chat/timestamps.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace chat {

namespace json = boost::json;
using Type = ClientMessage::Type;

namespace {

constexpr std::size_t max_nesting = 32;

constexpr std::array<std::pair<std::string_view, Type>, 8> types{{
    {"message", Type::message},
    {"pong", Type::pong},
    {"heartbeat", Type::heartbeat},
    {"join", Type::join},
    {"leave", Type::leave},
    {"who", Type::who},
    {"typing", Type::typing},
    {"refresh", Type::refresh},
}};

std::optional<Type> type_of(std::string_view name) {
    const auto* const found = std::find_if(types.begin(), types.end(),
                                           [name](const auto& type) { return type.first == name; });
    if (found == types.end()) {
        return std::nullopt;
    }
    return found->second;
}

/// Finds the text field of that name; false if it is of another type. A null counts as left out.
bool read_text(const json::object& frame, std::string_view key, std::optional<std::string>& into) {
    const json::value* const value = frame.if_contains(key);
    if (value == nullptr || value->is_null()) {
        return true;
    }
    if (!value->is_string()) {
        return false;
    }
    into = std::string(value->get_string());
    return true;
}

/// Takes an empty text for one that was left out.
void drop_if_empty(std::optional<std::string>& text) {
    if (text == "") {
        text.reset();
    }
}

/// Reads what a message of its type has to have; false if that is missing or of another type.
bool read_required(const json::object& frame, ClientMessage& message) {
    std::optional<std::string> text;
    switch (message.type) {
        case Type::message:
            if (!read_text(frame, "message", text) || !text) {
                return false;
            }
            message.message = std::move(*text);
            return true;
        case Type::refresh:
            if (!read_text(frame, "token", text) || !text) {
                return false;
            }
            message.token = std::move(*text);
            return true;
        case Type::join:
        case Type::leave:
            return message.room.has_value();
        case Type::who:
        case Type::typing:
        case Type::pong:
        case Type::heartbeat:
            return true;
    }
    return false;
}

Parsed refused(ErrorCode error) {
    return Parsed{.error = error};
}

}  // namespace

std::string_view to_string(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_format:
            return "invalid_format";
        case ErrorCode::unknown_type:
            return "unknown_type";
        case ErrorCode::user_offline:
            return "user_offline";
        case ErrorCode::name_taken:
            return "name_taken";
        case ErrorCode::invalid_room:
            return "invalid_room";
        case ErrorCode::not_in_room:
            return "not_in_room";
        case ErrorCode::too_many_rooms:
            return "too_many_rooms";
        case ErrorCode::rate_limited:
            return "rate_limited";
        case ErrorCode::text_too_long:
            return "text_too_long";
        case ErrorCode::unauthorized:
            return "unauthorized";
        case ErrorCode::invalid_token:
            return "invalid_token";
        case ErrorCode::token_expired:
            return "token_expired";
    }
    return "";
}

Parsed parse_client_message(std::string_view frame) {
    std::array<unsigned char, 4096> memory;
    json::monotonic_resource resource(memory.data(), memory.size());
    json::parse_options options;
    options.max_depth = max_nesting;
    boost::system::error_code error;
    const json::value value = json::parse(frame, error, &resource, options);
    if (error || !value.is_object()) {
        return refused(ErrorCode::invalid_format);
    }
    const json::object& object = value.get_object();
    std::optional<std::string> type;
    std::optional<std::string> timestamp;
    ClientMessage message;
    const bool well_typed =
        read_text(object, "type", type) && read_text(object, "timestamp", timestamp) &&
        read_text(object, "target_user", message.target_user) &&
        read_text(object, "username", message.username) && read_text(object, "room", message.room);
    if (!well_typed) {
        return refused(ErrorCode::invalid_format);
    }
    const auto known_type = type_of(type.value_or("message"));
    if (!known_type) {
        return refused(ErrorCode::unknown_type);
    }
    message.type = *known_type;
    if (!read_required(object, message)) {
        return refused(ErrorCode::invalid_format);
    }
    if (message.type == Type::message) {
        message.timestamp =
            timestamp && is_rfc3339(*timestamp) ? std::move(*timestamp) : now_rfc3339();
    }
    drop_if_empty(message.target_user);
    if (message.type != Type::join && message.type != Type::leave) {
        drop_if_empty(message.room);
    }
    return Parsed{.message = std::move(message)};
}

std::size_t count_code_points(std::string_view text) {
    // The bytes that do not continue a character (RFC 3629, section 3).
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
    }));
}

}  // namespace chat
