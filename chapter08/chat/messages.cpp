#include "chat/messages.hpp"

#include "beastapi/json.hpp"
#include "chat/timestamps.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <array>

namespace chat {

namespace json = boost::json;

namespace {

json::object system_event(std::string_view event, std::string_view message) {
    json::object frame;
    frame["type"] = "system";
    frame["event"] = event;
    frame["message"] = message;
    return frame;
}

json::object named_welcome(std::string_view message, std::string_view username,
                           std::size_t connected_count,
                           const std::vector<std::string>& connected_users) {
    json::object frame = system_event("welcome", message);
    frame["username"] = username;
    frame["connected_count"] = connected_count;
    frame["connected_users"] = json::array(connected_users.begin(), connected_users.end());
    return frame;
}

std::string membership(std::string_view event, std::string_view message, std::string_view username,
                       std::size_t connected_count) {
    json::object frame = system_event(event, message);
    if (!username.empty()) {
        frame["username"] = username;
    }
    frame["connected_count"] = connected_count;
    return json::serialize(frame);
}

std::string bare(std::string_view type) {
    json::object frame;
    frame["type"] = type;
    frame["timestamp"] = now_rfc3339();
    return json::serialize(frame);
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

std::optional<ClientMessage::Type> type_of(std::string_view name) {
    if (name == "message") {
        return ClientMessage::Type::message;
    }
    if (name == "pong") {
        return ClientMessage::Type::pong;
    }
    if (name == "heartbeat") {
        return ClientMessage::Type::heartbeat;
    }
    return std::nullopt;
}

Parsed refused(ErrorCode error) {
    return Parsed{.error = error};
}

}  // namespace

Parsed parse_client_message(std::string_view frame) {
    std::array<unsigned char, 4096> memory;
    json::monotonic_resource resource(memory.data(), memory.size());
    boost::system::error_code error;
    const json::value value = json::parse(frame, error, &resource);
    if (error || !value.is_object()) {
        return refused(ErrorCode::invalid_format);
    }
    const json::object& object = value.get_object();
    std::optional<std::string> type;
    std::optional<std::string> text;
    std::optional<std::string> timestamp;
    ClientMessage message;
    const bool well_typed = read_text(object, "type", type) &&
                            read_text(object, "timestamp", timestamp) &&
                            read_text(object, "target_user", message.target_user) &&
                            read_text(object, "username", message.username);
    if (!well_typed) {
        return refused(ErrorCode::invalid_format);
    }
    const auto known_type = type_of(type.value_or("message"));
    if (!known_type) {
        return refused(ErrorCode::unknown_type);
    }
    message.type = *known_type;
    if (message.type == ClientMessage::Type::message) {
        if (!read_text(object, "message", text) || !text) {
            return refused(ErrorCode::invalid_format);
        }
        message.message = std::move(*text);
        message.timestamp =
            timestamp && is_rfc3339(*timestamp) ? std::move(*timestamp) : now_rfc3339();
    }
    if (message.target_user == "") {
        message.target_user.reset();
    }
    return Parsed{.message = std::move(message)};
}

std::string Messages::welcome(std::size_t connected_count) const {
    json::object frame = system_event(
        "welcome", locale_ == Locale::en ? "Welcome to the chat room!" : "歡迎加入聊天室！");
    frame["connected_count"] = connected_count;
    return json::serialize(frame);
}

std::string Messages::welcome(std::string_view username, std::size_t connected_count,
                              const std::vector<std::string>& connected_users) const {
    const std::string text = locale_ == Locale::en
                                 ? fmt::format("Welcome to the chat room, {}!", username)
                                 : fmt::format("歡迎 {} 加入聊天室！", username);
    return json::serialize(named_welcome(text, username, connected_count, connected_users));
}

std::string Messages::welcome_with_heartbeat(std::string_view username, std::size_t connected_count,
                                             const std::vector<std::string>& connected_users,
                                             double heartbeat_interval) const {
    std::string text =
        locale_ == Locale::en
            ? fmt::format("Welcome to the chat room, {} (heartbeat detection is on)!", username)
            : fmt::format("歡迎 {} 加入聊天室（已啟用心跳檢測）！", username);
    json::object frame = named_welcome(text, username, connected_count, connected_users);
    frame["heartbeat_interval"] = heartbeat_interval;
    return beastapi::json_dumps(frame);
}

std::string Messages::join(std::string_view username, std::size_t connected_count) const {
    std::string text;
    if (locale_ == Locale::en) {
        text = fmt::format("{} joined the chat room", username.empty() ? "Someone" : username);
    } else {
        text = username.empty() ? "有新用戶加入聊天室" : fmt::format("{} 加入了聊天室", username);
    }
    return membership("join", text, username, connected_count);
}

std::string Messages::leave(std::string_view username, std::size_t connected_count) const {
    std::string text;
    if (locale_ == Locale::en) {
        text = fmt::format("{} left the chat room", username.empty() ? "Someone" : username);
    } else {
        text = username.empty() ? "有用戶離開聊天室" : fmt::format("{} 離開了聊天室", username);
    }
    return membership("leave", text, username, connected_count);
}

std::string Messages::message(std::string_view username, const ClientMessage& from_client) const {
    json::object frame;
    frame["type"] = "message";
    frame["username"] = username;
    frame["message"] = from_client.message;
    frame["timestamp"] = from_client.timestamp;
    return json::serialize(frame);
}

std::string Messages::private_message(std::string_view from,
                                      const ClientMessage& from_client) const {
    json::object frame;
    frame["type"] = "private";
    frame["from"] = from;
    frame["message"] = from_client.message;
    frame["timestamp"] = from_client.timestamp;
    return json::serialize(frame);
}

std::string Messages::confirmation(std::string_view target_user,
                                   const ClientMessage& from_client) const {
    json::object frame;
    frame["type"] = "confirmation";
    frame["message"] = locale_ == Locale::en
                           ? fmt::format("Private message sent to {}", target_user)
                           : fmt::format("私訊已發送給 {}", target_user);
    frame["target_user"] = target_user;
    frame["timestamp"] = from_client.timestamp;
    return json::serialize(frame);
}

std::string Messages::ping() const {
    return bare("ping");
}

std::string Messages::heartbeat_ack() const {
    return bare("heartbeat_ack");
}

std::string Messages::error(ErrorCode code, std::string_view username) const {
    const bool english = locale_ == Locale::en;
    std::string_view name;
    std::string text;
    switch (code) {
        case ErrorCode::invalid_format:
            name = "invalid_format";
            text = "Invalid message format";  // the tutorial's, in either language
            break;
        case ErrorCode::unknown_type:
            name = "unknown_type";
            text = english ? "Unknown message type" : "不支援的訊息類型";
            break;
        case ErrorCode::user_offline:
            name = "user_offline";
            text = english ? fmt::format("{} is not online", username)
                           : fmt::format("用戶 {} 不在線上", username);
            break;
        case ErrorCode::name_taken:
            name = "name_taken";
            text = english ? fmt::format("The name {} is taken", username)
                           : fmt::format("名稱 {} 已被使用", username);
            break;
    }
    json::object frame;
    frame["type"] = "error";
    frame["code"] = name;
    frame["message"] = text;
    if (!username.empty()) {
        frame["username"] = username;
    }
    return json::serialize(frame);
}

}  // namespace chat
