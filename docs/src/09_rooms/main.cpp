// Chapter 09 in C++: rooms by hand, a set of connections for each name.
#include "beastapi/app.hpp"
#include "connection_manager.hpp"

#include <boost/json.hpp>

#include <optional>
#include <set>
#include <stdexcept>
#include <string>

using beastapi::App;
using beastapi::awaitable;
using beastapi::Response;
using beastapi::WebSocketDisconnect;

// [answer]
std::optional<json::object> answer(ConnectionManager& manager, const WebSocket& websocket,
                                   const json::object& data) {
    const std::string room(data.at("room").as_string());
    if (room.empty()) {
        throw std::invalid_argument("a room has a name");
    }
    const json::string& type = data.at("type").as_string();
    if (type == "join") {
        manager.join_room(websocket, room);
        return json::object{
            {"type", "joined"}, {"room", room}, {"members", manager.get_members(room)}};
    }
    if (!manager.is_in_room(websocket, room)) {
        return json::object{{"type", "error"}, {"code", "not_in_room"}, {"room", room}};
    }
    if (type == "leave") {
        manager.leave_room(websocket, room);
        return json::object{{"type", "left"}, {"room", room}};
    }
    const json::object message{{"type", "message"},
                               {"username", manager.usernames.at(websocket)},
                               {"message", data.at("message")},
                               {"room", room}};
    manager.broadcast_to_room(message, room);
    return std::nullopt;
}
// [/answer]

// [parse]
std::optional<json::object> parse_and_answer(ConnectionManager& manager, const WebSocket& websocket,
                                             const std::string& text) {
    try {
        return answer(manager, websocket, json::parse(text).as_object());
    } catch (const std::exception&) {
        return json::object{{"type", "error"}, {"code", "invalid_format"}};
    }
}
// [/parse]

// [endpoint]
awaitable<void> websocket_chat(WebSocket websocket, std::string username,
                               ConnectionManager& manager) {
    co_await websocket.accept();
    manager.usernames.emplace(websocket, username);
    const Membership membership(manager, websocket);
    try {
        const std::string room(websocket.query_param("room").value_or(""));
        if (!room.empty()) {
            const json::object join{{"type", "join"}, {"room", room}};
            const auto reply = answer(manager, websocket, join);
            co_await websocket.send_text(json::serialize(*reply));
        }
        while (true) {
            const std::string text = co_await websocket.receive_text();
            const auto reply = parse_and_answer(manager, websocket, text);
            if (reply) {
                co_await websocket.send_text(json::serialize(*reply));
            }
        }
    } catch (const WebSocketDisconnect&) {}
}
// [/endpoint]

// [status]
awaitable<Response> websocket_status(ConnectionManager& manager) {
    std::set<std::string> names;
    for (const auto& [websocket, username] : manager.usernames) {
        names.insert(username);
    }
    json::array rooms;
    for (const auto& [room, members] : manager.rooms) {
        rooms.push_back(json::object{{"room", room}, {"member_count", members.size()}});
    }
    co_return Response(json::object{{"connected_count", manager.usernames.size()},
                                    {"connected_users", json::array(names.begin(), names.end())},
                                    {"rooms", rooms}});
}
// [/status]

int main() {
    App app;
    ConnectionManager manager;
    app.websocket("/ws/chat/{username}", websocket_chat, manager);
    app.get("/ws/status", websocket_status, manager);
    app.run();
}
