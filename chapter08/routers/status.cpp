#include "routers/status.hpp"

#include "chat/timestamps.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <chrono>
#include <utility>

namespace routers {

namespace json = boost::json;
using beastapi::awaitable;
using beastapi::Refusals;
using beastapi::Request;
using beastapi::Response;
using beastapi::Router;
using chat::Chat;
using chat::ConnectionManager;
using std::chrono::steady_clock;
using std::chrono::system_clock;

namespace {

json::array describe_connections(const ConnectionManager& manager, bool named) {
    const auto now = steady_clock::now();
    const auto wall_clock = system_clock::now();
    json::array connections;
    for (const chat::Member* const member : manager.lobby().members()) {
        const auto idle = now - member->last_activity;
        json::object item;
        if (named) {
            item["username"] = member->user == nullptr ? "Unknown" : member->username();
        }
        item["last_activity"] =
            chat::isoformat(wall_clock - std::chrono::duration_cast<system_clock::duration>(idle));
        item["idle_seconds"] = std::chrono::duration<double>(idle).count();
        connections.push_back(std::move(item));
    }
    return connections;
}

json::array names_in(const chat::Room& room) {
    json::array names;
    for (const auto& presence : room.users()) {
        names.emplace_back(presence.user->name);
    }
    return names;
}

json::array describe_rooms(const ConnectionManager& manager, bool named) {
    json::array rooms;
    for (const auto& [key, room] : manager.rooms()) {
        json::object item;
        item["room"] = room->name();
        item["member_count"] = room->size();
        if (named) {
            item["members"] = names_in(*room);
        }
        rooms.push_back(std::move(item));
    }
    return rooms;
}

json::object describe_refusals(const Refusals& server, const Refusals& chat) {
    json::object counts;
    for (const Refusals* const refusals : {&server, &chat}) {
        for (const auto& [reason, count] : refusals->by_reason()) {
            counts[reason] = count;
        }
    }
    return counts;
}

// Who is connected; where tokens give the names, these are for clients with a token alone.
awaitable<Response> websocket_status(Request request, Chat& chat, const Refusals& refusals) {
    const ConnectionManager& manager = chat.manager();
    const bool named = chat.authenticator().may_see_users(request);
    const std::chrono::duration<double> timeout = chat.settings().heartbeat_timeout;
    json::object status;
    status["connected_count"] = manager.get_connection_count();
    if (named) {
        status["connected_users"] = names_in(manager.lobby());
    }
    status["heartbeat_timeout"] = timeout.count();
    status["connections"] = describe_connections(manager, named);
    status["rooms"] = describe_rooms(manager, false);
    status["refusals"] = describe_refusals(refusals, chat.refusals());
    status["status"] = "active";
    co_return Response(std::move(status));
}

// Which rooms there are, and who is in them; of these as above.
awaitable<Response> list_rooms(Request request, Chat& chat) {
    json::object rooms;
    rooms["rooms"] = describe_rooms(chat.manager(), chat.authenticator().may_see_users(request));
    co_return Response(std::move(rooms));
}

}  // namespace

Router status(Chat& chat, const Refusals& refusals) {
    Router router({.tags = {"Status"}});
    router.get("/ws/status", websocket_status, chat, refusals).summary("Who is connected");
    router.get("/rooms", list_rooms, chat).summary("Which rooms there are");
    return router;
}

}  // namespace routers
