// The frames that tell who comes and who goes.
#include "chat/messages.hpp"
#include "chat/system_event.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <set>

namespace chat {

namespace json = boost::json;

namespace {

/// `username` is empty for a connection without a name.
json::object membership(std::string_view event, std::string_view message,
                        std::string_view username) {
    json::object frame = system_event(event, message);
    if (!username.empty()) {
        frame["username"] = username;
    }
    return frame;
}

std::string lobby_membership(std::string_view event, std::string_view message,
                             std::string_view username, std::size_t connected_count) {
    json::object frame = membership(event, message, username);
    frame["connected_count"] = connected_count;
    return json::serialize(frame);
}

std::string room_membership(std::string_view event, std::string_view message,
                            std::string_view username, std::string_view room,
                            std::size_t member_count) {
    json::object frame = membership(event, message, username);
    frame["room"] = room;
    frame["member_count"] = member_count;
    return json::serialize(frame);
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
    return lobby_membership("join", text, username, connected_count);
}

std::string Messages::leave(std::string_view username, std::size_t connected_count) const {
    std::string text;
    if (locale_ == Locale::en) {
        text = fmt::format("{} left the chat room", username.empty() ? "Someone" : username);
    } else {
        text = username.empty() ? "有用戶離開聊天室" : fmt::format("{} 離開了聊天室", username);
    }
    return lobby_membership("leave", text, username, connected_count);
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
    return room_membership("join", text, username, room, member_count);
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
    return room_membership("leave", text, username, room, member_count);
}

std::string Messages::presence(const Room& room, const Changes& changes) const {
    const std::size_t joined = changes.joined.size() + changes.nameless_joined;
    const std::size_t left = changes.left.size() + changes.nameless_left;
    json::object frame = system_event(
        "presence", fmt::format(fmt::runtime(locale_ == Locale::en ? "{} joined, and {} left"
                                                                   : "{} 人加入，{} 人離開"),
                                joined, left));
    frame["joined"] = first_of(changes.joined, max_names_of_changes);
    frame["joined_count"] = joined;
    frame["left"] = first_of(changes.left, max_names_of_changes);
    frame["left_count"] = left;
    if (room.key().empty()) {
        frame["connected_count"] = room.size();
    } else {
        frame["room"] = room.name();
        frame["member_count"] = room.size();
    }
    return json::serialize(frame);
}

}  // namespace chat
