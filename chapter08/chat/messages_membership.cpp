// The frames that tell who comes and who goes.
#include "chat/frame_writer.hpp"
#include "chat/messages.hpp"
#include "chat/server_frames.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <set>

namespace chat {

namespace json = boost::json;

namespace {

/// `username` is empty for a connection without a name.
FrameWriter membership(const FrameRule& rule, std::string_view message, std::string_view username) {
    FrameWriter frame(rule);
    frame[Key::message] = message;
    if (!username.empty()) {
        frame[Key::username] = username;
    }
    return frame;
}

std::string lobby_membership(const FrameRule& rule, std::string_view message,
                             std::string_view username, std::size_t connected_count) {
    FrameWriter frame = membership(rule, message, username);
    frame[Key::connected_count] = connected_count;
    return frame.text();
}

std::string room_membership(const FrameRule& rule, std::string_view message,
                            std::string_view username, std::string_view room,
                            std::size_t member_count) {
    FrameWriter frame = membership(rule, message, username);
    frame[Key::room] = room;
    frame[Key::member_count] = member_count;
    return frame.text();
}

json::array first_of(const std::set<std::string, std::less<>>& names, std::size_t limit) {
    json::array first;
    for (const std::string& name : names) {
        if (first.size() == limit) {
            break;
        }
        first.emplace_back(name);
    }
    return first;
}

}  // namespace

std::string Messages::join(std::string_view username, std::size_t connected_count) const {
    std::string text;
    if (locale_ == Locale::en) {
        text = fmt::format("{} joined the chat room", username.empty() ? "Someone" : username);
    } else {
        text = username.empty() ? "有新用戶加入聊天室" : fmt::format("{} 加入了聊天室", username);
    }
    return lobby_membership(server_frames::join, text, username, connected_count);
}

std::string Messages::leave(std::string_view username, std::size_t connected_count) const {
    std::string text;
    if (locale_ == Locale::en) {
        text = fmt::format("{} left the chat room", username.empty() ? "Someone" : username);
    } else {
        text = username.empty() ? "有用戶離開聊天室" : fmt::format("{} 離開了聊天室", username);
    }
    return lobby_membership(server_frames::leave, text, username, connected_count);
}

std::string Messages::join_room(std::string_view username, std::string_view room,
                                std::size_t member_count) const {
    std::string text;
    if (locale_ == Locale::en) {
        text = fmt::format("{} joined the room {}", username.empty() ? "Someone" : username, room);
    } else {
        text = username.empty() ? fmt::format("有新用戶加入房間 {}", room)
                                : fmt::format("{} 加入了房間 {}", username, room);
    }
    return room_membership(server_frames::join_room, text, username, room, member_count);
}

std::string Messages::leave_room(std::string_view username, std::string_view room,
                                 std::size_t member_count) const {
    std::string text;
    if (locale_ == Locale::en) {
        text = fmt::format("{} left the room {}", username.empty() ? "Someone" : username, room);
    } else {
        text = username.empty() ? fmt::format("有用戶離開房間 {}", room)
                                : fmt::format("{} 離開了房間 {}", username, room);
    }
    return room_membership(server_frames::leave_room, text, username, room, member_count);
}

std::string Messages::presence(const Room& room, const Changes& changes) const {
    const std::size_t joined = changes.joined.size() + changes.nameless_joined;
    const std::size_t left = changes.left.size() + changes.nameless_left;
    const bool in_lobby = room.key().empty();
    FrameWriter frame(in_lobby ? server_frames::presence : server_frames::presence_in_room);
    frame[Key::message] = fmt::format(
        fmt::runtime(locale_ == Locale::en ? "{} joined, and {} left" : "{} 人加入，{} 人離開"),
        joined, left);
    frame[Key::joined] = first_of(changes.joined, max_names_of_changes);
    frame[Key::joined_count] = joined;
    frame[Key::left] = first_of(changes.left, max_names_of_changes);
    frame[Key::left_count] = left;
    if (in_lobby) {
        frame[Key::connected_count] = room.size();
    } else {
        frame[Key::room] = room.name();
        frame[Key::member_count] = room.size();
    }
    return frame.text();
}

}  // namespace chat
