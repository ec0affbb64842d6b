#include "chat/messages.hpp"

#include "beastapi/json.hpp"
#include "chat/system_event.hpp"
#include "chat/timestamps.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace chat {

namespace json = boost::json;

namespace {

void add_names(json::object& frame, std::string_view key, const NamePage& page) {
    frame[key] = json::array(page.names.begin(), page.names.end());
    if (page.next != 0) {
        frame["more"] = true;
        frame["next"] = page.next;
    }
}

json::object named_welcome(std::string_view message, std::string_view username,
                           std::size_t connected_count, const NamePage& connected_users) {
    json::object frame = system_event("welcome", message);
    frame["username"] = username;
    frame["connected_count"] = connected_count;
    add_names(frame, "connected_users", connected_users);
    return frame;
}

std::string bare(std::string_view type) {
    json::object frame;
    frame["type"] = type;
    frame["timestamp"] = now_rfc3339();
    return json::serialize(frame);
}

bool is_about_room(ErrorCode code) {
    return code == ErrorCode::invalid_room || code == ErrorCode::not_in_room ||
           code == ErrorCode::too_many_rooms;
}

/// What an error says to a person; `subject` is what it is about.
std::string error_text(Locale locale, ErrorCode code, std::string_view subject) {
    const bool english = locale == Locale::en;
    switch (code) {
        case ErrorCode::invalid_format:
            return "Invalid message format";  // the tutorial's, in either language
        case ErrorCode::unknown_type:
            return english ? "Unknown message type" : "不支援的訊息類型";
        case ErrorCode::user_offline:
            return fmt::format(fmt::runtime(english ? "{} is not online" : "{} 不在線上"), subject);
        case ErrorCode::name_taken:
            return fmt::format(fmt::runtime(english ? "The name {} is taken" : "名稱 {} 已被使用"),
                               subject);
        case ErrorCode::invalid_room:
            return english ? "Invalid room name" : "房間名稱無效";
        case ErrorCode::not_in_room:
            return fmt::format(
                fmt::runtime(english ? "You are not in the room {}" : "你不在房間 {} 裡"), subject);
        case ErrorCode::too_many_rooms:
            return english ? "You are in too many rooms: leave one first"
                           : "你加入的房間太多了，請先離開一個";
        case ErrorCode::rate_limited:
            return english ? "You are sending too fast" : "訊息傳送得太快了";
        case ErrorCode::text_too_long:
            return fmt::format(fmt::runtime(english ? "The message is longer than {} characters"
                                                    : "訊息超過 {} 個字"),
                               subject);
        case ErrorCode::unauthorized:
            return english ? "Only a token gives a name here" : "這裡的名字須以權杖證明";
        case ErrorCode::invalid_token:
            return english ? "The token does not hold" : "權杖無效";
        case ErrorCode::token_expired:
            return english ? "The token has expired" : "權杖已過期";
        case ErrorCode::invalid_since:
            return english ? "A position is EPOCH:SEQ, as a welcome gives them"
                           : "位置的格式是 EPOCH:SEQ，兩者都在 welcome 裡";
        case ErrorCode::unavailable:
            return english ? "The server can't store messages now, try again in a moment"
                           : "伺服器暫時無法儲存訊息，請稍後再試";
    }
    return {};
}

/// Whether the same message may be accepted when it is sent again as it is.
bool may_be_sent_again(ErrorCode code) {
    return code == ErrorCode::rate_limited || code == ErrorCode::unavailable;
}

json::object error_frame(ErrorCode code, std::string_view text) {
    json::object frame;
    frame["type"] = "error";
    frame["code"] = to_string(code);
    frame["message"] = text;
    frame["retry"] = may_be_sent_again(code);
    return frame;
}

/// `frame` with one field more, whose value is JSON already.
std::string with_field(std::string frame, std::string_view key, std::string_view value) {
    frame.back() = ',';
    return frame.append("\"").append(key).append("\":").append(value).append("}");
}

void add_duplicate(json::object& frame, const chat_log::Receipt& receipt) {
    if (receipt.result == chat_log::Receipt::Result::duplicate) {
        frame["duplicate"] = true;
    }
}

void add_id(json::object& frame, const ClientMessage& from_client) {
    if (!from_client.id.empty()) {
        frame["id"] = from_client.id;
    }
}

}  // namespace

std::string Messages::welcome(std::size_t connected_count) const {
    json::object frame = system_event(
        "welcome", locale_ == Locale::en ? "Welcome to the chat room!" : "歡迎加入聊天室！");
    frame["connected_count"] = connected_count;
    return json::serialize(frame);
}

std::string Messages::welcome(std::string_view username, std::size_t connected_count,
                              const NamePage& connected_users) const {
    const std::string text = locale_ == Locale::en
                                 ? fmt::format("Welcome to the chat room, {}!", username)
                                 : fmt::format("歡迎 {} 加入聊天室！", username);
    return json::serialize(named_welcome(text, username, connected_count, connected_users));
}

std::string Messages::welcome_with_heartbeat(std::string_view username, std::size_t connected_count,
                                             const NamePage& connected_users,
                                             double heartbeat_interval) const {
    std::string text =
        locale_ == Locale::en
            ? fmt::format("Welcome to the chat room, {} (heartbeat detection is on)!", username)
            : fmt::format("歡迎 {} 加入聊天室（已啟用心跳檢測）！", username);
    json::object frame = named_welcome(text, username, connected_count, connected_users);
    frame["heartbeat_interval"] = heartbeat_interval;
    return beastapi::json_dumps(frame);
}

std::string Messages::with_position(std::string frame, const chat_log::Conversation& log) {
    frame = with_field(std::move(frame), "epoch", json::serialize(json::string(log.epoch())));
    return with_field(std::move(frame), "seq", std::to_string(log.last_seq()));
}

std::string Messages::with_inbox(std::string frame, const chat_log::Conversation& inbox) {
    json::object position;
    position["epoch"] = inbox.epoch();
    position["seq"] = inbox.last_seq();
    return with_field(std::move(frame), "inbox", json::serialize(position));
}

std::string Messages::joined(std::string_view room, const NamePage& members,
                             std::size_t member_count) const {
    json::object frame;
    frame["type"] = "joined";
    frame["room"] = room;
    add_names(frame, "members", members);
    frame["member_count"] = member_count;
    return json::serialize(frame);
}

std::string Messages::left(std::string_view room) const {
    json::object frame;
    frame["type"] = "left";
    frame["room"] = room;
    return json::serialize(frame);
}

std::string Messages::users(const NamePage& users, std::size_t connected_count) const {
    json::object frame;
    frame["type"] = "users";
    add_names(frame, "users", users);
    frame["connected_count"] = connected_count;
    return json::serialize(frame);
}

std::string Messages::users_of_room(std::string_view room, const NamePage& users,
                                    std::size_t member_count) const {
    json::object frame;
    frame["type"] = "users";
    frame["room"] = room;
    add_names(frame, "users", users);
    frame["member_count"] = member_count;
    return json::serialize(frame);
}

std::string Messages::typing(std::string_view username, std::string_view room) const {
    json::object frame;
    frame["type"] = "typing";
    frame["username"] = username;
    if (!room.empty()) {
        frame["room"] = room;
    }
    return json::serialize(frame);
}

std::string Messages::message(std::string_view username, const ClientMessage& from_client,
                              std::string_view room) const {
    json::object frame;
    frame["type"] = "message";
    frame["username"] = username;
    frame["message"] = from_client.message;
    if (!room.empty()) {
        frame["room"] = room;
    }
    frame["timestamp"] = from_client.timestamp;
    add_id(frame, from_client);
    return json::serialize(frame);
}

std::string Messages::private_message(std::string_view from,
                                      const ClientMessage& from_client) const {
    json::object frame;
    frame["type"] = "private";
    frame["from"] = from;
    frame["message"] = from_client.message;
    frame["timestamp"] = from_client.timestamp;
    add_id(frame, from_client);
    return json::serialize(frame);
}

std::string Messages::confirmation(std::string_view target_user, const ClientMessage& from_client,
                                   const chat_log::Receipt& receipt) const {
    json::object frame;
    frame["type"] = "confirmation";
    frame["message"] = locale_ == Locale::en
                           ? fmt::format("Private message sent to {}", target_user)
                           : fmt::format("私訊已發送給 {}", target_user);
    frame["target_user"] = target_user;
    frame["timestamp"] = from_client.timestamp;
    add_id(frame, from_client);
    add_duplicate(frame, receipt);
    return json::serialize(frame);
}

std::string Messages::ack(std::string_view id, std::string_view room,
                          const chat_log::Receipt& receipt) const {
    json::object frame;
    frame["type"] = "ack";
    frame["id"] = id;
    if (!room.empty()) {
        frame["room"] = room;
    }
    frame["seq"] = receipt.seq;
    frame["epoch"] = receipt.epoch;
    frame["timestamp"] = to_rfc3339(receipt.stored);
    add_duplicate(frame, receipt);
    return json::serialize(frame);
}

std::string Messages::refreshed(std::chrono::seconds expires_in) const {
    json::object frame;
    frame["type"] = "refreshed";
    frame["expires_in"] = expires_in.count();
    return json::serialize(frame);
}

std::string Messages::ping() const {
    return bare("ping");
}

std::string Messages::heartbeat_ack() const {
    return bare("heartbeat_ack");
}

std::string Messages::error(ErrorCode code, std::string_view subject) const {
    json::object frame = error_frame(code, error_text(locale_, code, subject));
    if (!subject.empty()) {
        frame[is_about_room(code) ? "room" : "username"] = subject;
    }
    return json::serialize(frame);
}

std::string Messages::about(std::string error, std::string_view id) {
    return id.empty() ? std::move(error)
                      : with_field(std::move(error), "id", json::serialize(json::string(id)));
}

std::string Messages::rate_limited(std::chrono::milliseconds retry_after) const {
    constexpr ErrorCode code = ErrorCode::rate_limited;
    json::object frame = error_frame(code, error_text(locale_, code, {}));
    frame["retry_after_ms"] = retry_after.count();
    return json::serialize(frame);
}

std::string Messages::text_too_long(std::size_t limit) const {
    constexpr ErrorCode code = ErrorCode::text_too_long;
    json::object frame = error_frame(code, error_text(locale_, code, fmt::format("{}", limit)));
    frame["limit"] = limit;
    return json::serialize(frame);
}

}  // namespace chat
