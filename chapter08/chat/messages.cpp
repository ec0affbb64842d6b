#include "chat/messages.hpp"

#include "beastapi/json.hpp"
#include "chat/frame_writer.hpp"
#include "chat/server_frames.hpp"
#include "chat/timestamps.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace chat {

namespace json = boost::json;

namespace {

void add_names(FrameWriter& frame, Key key, const NamePage& page) {
    frame[key] = json::array(page.names.begin(), page.names.end());
    if (page.next != 0) {
        frame[Key::more] = true;
        frame[Key::next] = page.next;
    }
}

FrameWriter named_welcome(const FrameRule& rule, std::string_view message,
                          std::string_view username, std::size_t connected_count,
                          const NamePage& connected_users) {
    FrameWriter frame(rule);
    frame[Key::message] = message;
    frame[Key::username] = username;
    frame[Key::connected_count] = connected_count;
    add_names(frame, Key::connected_users, connected_users);
    return frame;
}

std::string bare(const FrameRule& rule) {
    FrameWriter frame(rule);
    frame[Key::timestamp] = now_rfc3339();
    return frame.text();
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
            return fmt::format(fmt::runtime(english ? "The name {} is taken" : "名字 {} 已被使用"),
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
            return english ? "You need a token to use a name here" : "在這裡使用名字需要權杖";
        case ErrorCode::invalid_token:
            return english ? "The token is invalid" : "權杖無效";
        case ErrorCode::token_expired:
            return english ? "The token has expired" : "權杖已過期";
        case ErrorCode::invalid_since:
            return english ? "A position is EPOCH:SEQ, as in a welcome"
                           : "位置的格式是 EPOCH:SEQ，兩者都在 welcome 裡";
        case ErrorCode::unavailable:
            return english ? "The server can't store messages right now; try again in a moment"
                           : "伺服器暫時無法儲存訊息，請稍後再試";
    }
    return {};
}

/// Whether the same message may be accepted when it is sent again as it is.
bool may_be_sent_again(ErrorCode code) {
    return code == ErrorCode::rate_limited || code == ErrorCode::unavailable;
}

FrameWriter error_frame(ErrorCode code, std::string_view text) {
    FrameWriter frame(server_frames::error);
    frame[Key::code] = to_string(code);
    frame[Key::message] = text;
    frame[Key::retry] = may_be_sent_again(code);
    return frame;
}

/// `frame` with one field more, whose value is JSON already.
std::string with_field(std::string frame, Key key, std::string_view value) {
    frame.back() = ',';
    return frame.append("\"").append(name_of(key)).append("\":").append(value).append("}");
}

void add_duplicate(FrameWriter& frame, const chat_log::Receipt& receipt) {
    if (receipt.result == chat_log::Receipt::Result::duplicate) {
        frame[Key::duplicate] = true;
    }
}

void add_id(FrameWriter& frame, const ClientMessage& from_client) {
    if (!from_client.id.empty()) {
        frame[Key::id] = from_client.id;
    }
}

}  // namespace

std::string Messages::welcome(std::size_t connected_count) const {
    FrameWriter frame(server_frames::welcome);
    frame[Key::message] = locale_ == Locale::en ? "Welcome to the chat room!" : "歡迎加入聊天室！";
    frame[Key::connected_count] = connected_count;
    return frame.text();
}

std::string Messages::welcome(std::string_view username, std::size_t connected_count,
                              const NamePage& connected_users) const {
    const std::string text = locale_ == Locale::en
                                 ? fmt::format("Welcome to the chat room, {}!", username)
                                 : fmt::format("歡迎 {} 加入聊天室！", username);
    return named_welcome(server_frames::welcome_with_name, text, username, connected_count,
                         connected_users)
        .text();
}

std::string Messages::welcome_with_heartbeat(std::string_view username, std::size_t connected_count,
                                             const NamePage& connected_users,
                                             double heartbeat_interval) const {
    std::string text =
        locale_ == Locale::en
            ? fmt::format("Welcome to the chat room, {} (heartbeat detection is on)!", username)
            : fmt::format("歡迎 {} 加入聊天室（已啟用心跳檢測）！", username);
    FrameWriter frame = named_welcome(server_frames::welcome_with_heartbeat, text, username,
                                      connected_count, connected_users);
    frame[Key::heartbeat_interval] = heartbeat_interval;
    return beastapi::json_dumps(frame.object());
}

std::string Messages::with_position(std::string frame, const chat_log::Conversation& log) {
    frame = with_field(std::move(frame), Key::epoch, json::serialize(json::string(log.epoch())));
    return with_field(std::move(frame), Key::seq, std::to_string(log.last_seq()));
}

std::string Messages::with_inbox(std::string frame, const chat_log::Conversation& inbox) {
    json::object position;
    position[name_of(Key::epoch)] = inbox.epoch();
    position[name_of(Key::seq)] = inbox.last_seq();
    return with_field(std::move(frame), Key::inbox, json::serialize(position));
}

// Not by the table of frames: that is of WebSockets, which have no such field.
std::string Messages::with_session(std::string frame, std::string_view session) {
    frame.pop_back();
    return frame.append(R"(,"session":")").append(session).append(R"("})");
}

std::string Messages::joined(std::string_view room, const NamePage& members,
                             std::size_t member_count) const {
    FrameWriter frame(server_frames::joined);
    frame[Key::room] = room;
    add_names(frame, Key::members, members);
    frame[Key::member_count] = member_count;
    return frame.text();
}

std::string Messages::left(std::string_view room) const {
    FrameWriter frame(server_frames::left);
    frame[Key::room] = room;
    return frame.text();
}

std::string Messages::users(const NamePage& users, std::size_t connected_count) const {
    FrameWriter frame(server_frames::users);
    add_names(frame, Key::users, users);
    frame[Key::connected_count] = connected_count;
    return frame.text();
}

std::string Messages::users_of_room(std::string_view room, const NamePage& users,
                                    std::size_t member_count) const {
    FrameWriter frame(server_frames::users_of_room);
    frame[Key::room] = room;
    add_names(frame, Key::users, users);
    frame[Key::member_count] = member_count;
    return frame.text();
}

std::string Messages::typing(std::string_view username, std::string_view room) const {
    FrameWriter frame(server_frames::typing);
    frame[Key::username] = username;
    if (!room.empty()) {
        frame[Key::room] = room;
    }
    return frame.text();
}

std::string Messages::message(std::string_view username, const ClientMessage& from_client,
                              std::string_view room) const {
    FrameWriter frame(server_frames::message);
    frame[Key::username] = username;
    frame[Key::message] = from_client.message;
    if (!room.empty()) {
        frame[Key::room] = room;
    }
    frame[Key::timestamp] = from_client.timestamp;
    add_id(frame, from_client);
    return frame.text();
}

std::string Messages::private_message(std::string_view from,
                                      const ClientMessage& from_client) const {
    FrameWriter frame(server_frames::private_message);
    frame[Key::from] = from;
    frame[Key::message] = from_client.message;
    frame[Key::timestamp] = from_client.timestamp;
    add_id(frame, from_client);
    return frame.text();
}

std::string Messages::confirmation(std::string_view target_user, const ClientMessage& from_client,
                                   const chat_log::Receipt& receipt) const {
    FrameWriter frame(server_frames::confirmation);
    frame[Key::message] = locale_ == Locale::en
                              ? fmt::format("Private message sent to {}", target_user)
                              : fmt::format("私訊已發送給 {}", target_user);
    frame[Key::target_user] = target_user;
    frame[Key::timestamp] = from_client.timestamp;
    add_id(frame, from_client);
    add_duplicate(frame, receipt);
    return frame.text();
}

std::string Messages::ack(std::string_view id, std::string_view room,
                          const chat_log::Receipt& receipt) const {
    FrameWriter frame(server_frames::ack);
    frame[Key::id] = id;
    if (!room.empty()) {
        frame[Key::room] = room;
    }
    frame[Key::seq] = receipt.seq;
    frame[Key::epoch] = receipt.epoch;
    frame[Key::timestamp] = to_rfc3339(receipt.stored);
    add_duplicate(frame, receipt);
    return frame.text();
}

std::string Messages::refreshed(std::chrono::seconds expires_in) const {
    FrameWriter frame(server_frames::refreshed);
    frame[Key::expires_in] = expires_in.count();
    return frame.text();
}

std::string Messages::ping() const {
    return bare(server_frames::ping);
}

std::string Messages::heartbeat_ack() const {
    return bare(server_frames::heartbeat_ack);
}

std::string Messages::error(ErrorCode code, std::string_view subject) const {
    FrameWriter frame = error_frame(code, error_text(locale_, code, subject));
    if (!subject.empty()) {
        frame[is_about_room(code) ? Key::room : Key::username] = subject;
    }
    return frame.text();
}

std::string Messages::about(std::string error, std::string_view id) {
    return id.empty() ? std::move(error)
                      : with_field(std::move(error), Key::id, json::serialize(json::string(id)));
}

std::string Messages::rate_limited(std::chrono::milliseconds retry_after) const {
    constexpr ErrorCode code = ErrorCode::rate_limited;
    FrameWriter frame = error_frame(code, error_text(locale_, code, {}));
    frame[Key::retry_after_ms] = retry_after.count();
    return frame.text();
}

std::string Messages::text_too_long(std::size_t limit) const {
    constexpr ErrorCode code = ErrorCode::text_too_long;
    FrameWriter frame = error_frame(code, error_text(locale_, code, fmt::format("{}", limit)));
    frame[Key::limit] = limit;
    return frame.text();
}

}  // namespace chat
