#include "chat/rooms.hpp"

#include "chat/names.hpp"

namespace chat {

const Room* Rooms::find(std::string_view name) const {
    // Most names are their own key, and a lookup costs less than making one.
    auto room = rooms_.find(name);
    if (room == rooms_.end()) {
        const auto normalized = normalize_name(name);
        room = normalized ? rooms_.find(name_key(*normalized)) : rooms_.end();
    }
    return room == rooms_.end() ? nullptr : &room->second;
}

const Room& Rooms::join(const WebSocket& websocket, const std::string& name) {
    Room& room = rooms_[name_key(name)];
    if (room.connections.empty()) {
        room.name = name;
    }
    room.connections.push_back(websocket);
    return room;
}

void Rooms::leave(const WebSocket& websocket, const Room& room) {
    const auto found = rooms_.find(name_key(room.name));
    std::erase(found->second.connections, websocket);
    if (found->second.connections.empty()) {
        rooms_.erase(found);
    }
}

}  // namespace chat
