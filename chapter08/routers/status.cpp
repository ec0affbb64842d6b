#include "routers/status.hpp"

#include "chat/timestamps.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace routers {

namespace json = boost::json;
using beastapi::awaitable;
using beastapi::Refusals;
using beastapi::Request;
using beastapi::Response;
using beastapi::Router;
using chat::ConnectionManager;

namespace {

json::array describe_connections(const ConnectionManager& manager, bool named) {
    json::array connections;
    for (const auto& connection : manager.get_activity()) {
        json::object item;
        if (named) {
            item["username"] = connection.username.empty() ? "Unknown" : connection.username;
        }
        item["last_activity"] = chat::isoformat(connection.last_activity);
        item["idle_seconds"] = connection.idle.count();
        connections.push_back(std::move(item));
    }
    return connections;
}

json::array count_rooms(const ConnectionManager& manager) {
    json::array rooms;
    for (const auto& [key, room] : manager.rooms().all()) {
        json::object item;
        item["room"] = room.name;
        item["member_count"] = room.connections.size();
        rooms.push_back(std::move(item));
    }
    return rooms;
}

json::array describe_rooms(const ConnectionManager& manager) {
    json::array rooms;
    for (const auto& room : manager.get_rooms()) {
        json::object item;
        item["room"] = room.name;
        item["member_count"] = room.member_count;
        item["members"] = json::array(room.members.begin(), room.members.end());
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
awaitable<Response> websocket_status(Request request, ConnectionManager& manager,
                                     const Refusals& refusals) {
    const bool named = manager.may_see_users(request);
    const std::chrono::duration<double> timeout = manager.settings().heartbeat_timeout;
    json::object status;
    status["connected_count"] = manager.get_connection_count();
    if (named) {
        const auto users = manager.get_connected_users();
        status["connected_users"] = json::array(users.begin(), users.end());
    }
    status["heartbeat_timeout"] = timeout.count();
    status["connections"] = describe_connections(manager, named);
    status["rooms"] = count_rooms(manager);
    status["refusals"] = describe_refusals(refusals, manager.refusals());
    status["status"] = "active";
    co_return Response(std::move(status));
}

// Which rooms there are, and who is in them; of these as above.
awaitable<Response> list_rooms(Request request, ConnectionManager& manager) {
    json::object rooms;
    rooms["rooms"] =
        manager.may_see_users(request) ? describe_rooms(manager) : count_rooms(manager);
    co_return Response(std::move(rooms));
}

}  // namespace

Router status(ConnectionManager& manager, const Refusals& refusals) {
    Router router({.tags = {"Status"}});
    router.get("/ws/status", websocket_status, manager, refusals).summary("Who is connected");
    router.get("/rooms", list_rooms, manager).summary("Which rooms there are");
    return router;
}

}  // namespace routers
