// Rooms: who is in which. Flask-SocketIO has them built in; with FastAPI one writes
// `rooms: dict[str, set]`.
#pragma once

#include "beastapi/websocket.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace chat {

using beastapi::WebSocket;

struct Room {
    std::string name;                    ///< as the connection that came first wrote it
    std::vector<WebSocket> connections;  ///< in the order in which they came
};

/// The rooms that have somebody in them; an empty room is forgotten, and costs nothing.
class Rooms {
public:
    /// The room of that name, or of one that is the same name; null if nobody is in it.
    const Room* find(std::string_view name) const;

    /// Puts the connection, which is not in it yet, into the room. `name` is normalised. The room
    /// stays where it is until it is empty.
    const Room& join(const WebSocket& websocket, const std::string& name);

    /// Takes the connection out of the room, which is gone then if it was the last.
    void leave(const WebSocket& websocket, const Room& room);

    /// By their keys (chat::name_key()), in that order.
    const std::map<std::string, Room, std::less<>>& all() const noexcept { return rooms_; }

private:
    std::map<std::string, Room, std::less<>> rooms_;
};

}  // namespace chat
