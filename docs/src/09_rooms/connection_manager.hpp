// Chapter 09: who is connected, and who is in which room.
#pragma once

#include "beastapi/websocket.hpp"

#include <boost/json.hpp>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace json = boost::json;
using beastapi::WebSocket;

struct ConnectionManager {
    // [members]
    std::unordered_map<WebSocket, std::string> usernames;
    std::map<std::string, std::unordered_set<WebSocket>> rooms;
    // [/members]

    // [join_room]
    void join_room(const WebSocket& websocket, const std::string& room) {
        const auto [position, is_new] = rooms[room].insert(websocket);
        if (is_new) {
            broadcast_to_room(notice("join", websocket, room), room, websocket);
        }
    }
    // [/join_room]

    // [leave_room]
    void leave_room(const WebSocket& websocket, const std::string& room) {
        rooms.at(room).erase(websocket);
        const json::object left = notice("leave", websocket, room);
        if (rooms.at(room).empty()) {
            rooms.erase(room);
        }
        broadcast_to_room(left, room);
    }
    // [/leave_room]

    // [broadcast]
    void broadcast_to_room(const json::object& message, const std::string& room,
                           const std::optional<WebSocket>& exclude = {}) const {
        if (const auto found = rooms.find(room); found != rooms.end()) {
            const std::string text = json::serialize(message);
            for (const WebSocket& websocket : found->second) {
                if (websocket != exclude) {
                    websocket.post_text(text);
                }
            }
        }
    }
    // [/broadcast]

    // [disconnect]
    void disconnect(const WebSocket& websocket) {
        for (const auto& [room, members] : std::map(rooms)) {
            if (members.contains(websocket)) {
                leave_room(websocket, room);
            }
        }
        usernames.erase(websocket);
    }
    // [/disconnect]

    // [lookup]
    bool is_in_room(const WebSocket& websocket, const std::string& room) const {
        const auto found = rooms.find(room);
        return found != rooms.end() && found->second.contains(websocket);
    }
    // [/lookup]

    json::array get_members(const std::string& room) const {
        std::set<std::string> names;
        for (const WebSocket& websocket : rooms.at(room)) {
            names.insert(usernames.at(websocket));
        }
        return json::array(names.begin(), names.end());
    }

    json::object notice(const char* event, const WebSocket& websocket, const std::string& room) {
        return {{"type", "system"},
                {"event", event},
                {"member_count", rooms.at(room).size()},
                {"username", usernames.at(websocket)},
                {"room", room}};
    }
};

// [membership]
class Membership {
public:
    Membership(ConnectionManager& manager, WebSocket websocket)
        : manager_(manager), websocket_(std::move(websocket)) {}
    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;
    ~Membership() { manager_.disconnect(websocket_); }

private:
    ConnectionManager& manager_;
    WebSocket websocket_;
};
// [/membership]
