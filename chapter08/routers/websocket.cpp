#include "routers/websocket.hpp"

#include "beastapi/asyncio.hpp"
#include "chat/names.hpp"
#include "chat/timestamps.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/json/array.hpp>
#include <fmt/format.h>

namespace routers {

namespace asyncio = beastapi::asyncio;
namespace json = boost::json;
using namespace boost::asio::experimental::awaitable_operators;
using beastapi::awaitable;
using beastapi::Message;
using beastapi::Response;
using beastapi::Router;
using beastapi::WebSocket;
using beastapi::WebSocketDisconnect;
using chat::ClientMessage;
using chat::ConnectionManager;
using chat::ErrorCode;

namespace {

// [echo]
// Echo: a text comes back with "Echo: " in front, bytes come back as they are.
awaitable<void> websocket_endpoint(WebSocket websocket) {
    co_await websocket.accept();
    try {
        while (true) {
            Message message = co_await websocket.receive();
            if (message.is_text()) {
                co_await websocket.send_text(fmt::format("Echo: {}", message.data));
            } else {
                co_await websocket.send_bytes(std::move(message.data));
            }
        }
    } catch (const WebSocketDisconnect&) {}
}
// [/echo]

// [deliver]
// Sends what a user said to the one it is for, or to everyone.
awaitable<void> deliver(ClientMessage message, std::string sender, WebSocket websocket,
                        ConnectionManager& manager) {
    const auto& messages = manager.messages();
    if (!message.target_user) {
        manager.broadcast(messages.message(sender, message));
    } else if (manager.send_to_user(messages.private_message(sender, message),
                                    *message.target_user)) {
        co_await websocket.send_text(messages.confirmation(*message.target_user, message));
    } else {
        co_await websocket.send_text(messages.error(ErrorCode::user_offline, *message.target_user));
    }
}
// [/deliver]

// [handle_frame]
// Answers one frame. `username` is nothing where the path names no user: then the frame may.
awaitable<void> handle_frame(std::string data, WebSocket websocket,
                             std::optional<std::string> username, ConnectionManager& manager) {
    const auto& messages = manager.messages();
    chat::Parsed parsed = chat::parse_client_message(data);
    if (!parsed.message) {
        co_await websocket.send_text(messages.error(parsed.error));
    } else if (parsed.message->type == ClientMessage::Type::heartbeat) {
        co_await websocket.send_text(messages.heartbeat_ack());
    } else if (parsed.message->type == ClientMessage::Type::message) {
        std::optional<std::string> claimed;
        if (!username) {
            claimed = parsed.message->username;
        }
        if (claimed && !chat::normalize_name(*claimed)) {
            co_await websocket.send_text(messages.error(ErrorCode::invalid_format));
        } else if (claimed && manager.is_connected(*claimed)) {
            co_await websocket.send_text(messages.error(ErrorCode::name_taken, *claimed));
        } else {
            const std::string sender = username.value_or(claimed.value_or("Anonymous"));
            co_await deliver(std::move(*parsed.message), sender, websocket, manager);
        }
    }
}
// [/handle_frame]

// [chat_loop]
// Receives until the connection ends. It returns then, as every loop does that is joined by ||.
awaitable<void> chat_loop(WebSocket websocket, std::optional<std::string> username,
                          ConnectionManager& manager) {
    try {
        while (true) {
            std::string data = co_await websocket.receive_text();
            manager.update_activity(websocket);
            co_await handle_frame(std::move(data), websocket, username, manager);
        }
    } catch (const WebSocketDisconnect&) {}
}
// [/chat_loop]

// [chat]
// The chat room without names.
awaitable<void> websocket_chat(WebSocket websocket, ConnectionManager& manager) {
    const auto member = co_await manager.connect(websocket);
    co_await websocket.send_text(manager.welcome());
    co_await chat_loop(websocket, std::nullopt, manager);
}
// [/chat]

// [named]
// The chat room with names and private messages.
awaitable<void> websocket_chat_with_username(WebSocket websocket, std::string username,
                                             ConnectionManager& manager) {
    const auto member = co_await manager.connect(websocket, username);
    co_await websocket.send_text(manager.welcome(username));
    co_await chat_loop(websocket, username, manager);
}
// [/named]

// [heartbeat_sender]
// Asks the client for a sign of life, again and again.
awaitable<void> heartbeat_sender(WebSocket websocket, ConnectionManager& manager) {
    try {
        while (true) {
            co_await asyncio::sleep(manager.settings().heartbeat_interval);
            co_await websocket.send_text(manager.messages().ping());
        }
    } catch (const WebSocketDisconnect&) {}
}
// [/heartbeat_sender]

// [check_heartbeat]
// Closes a connection from which nothing has come for too long.
awaitable<void> check_heartbeat(WebSocket websocket, ConnectionManager& manager) {
    const auto timeout = manager.settings().heartbeat_timeout;
    while (manager.idle_time(websocket) < timeout) {
        co_await asyncio::sleep(timeout - manager.idle_time(websocket));
    }
    co_await websocket.close(beastapi::close_code::policy_violation, "Heartbeat timeout");
}
// [/check_heartbeat]

// [heartbeat]
// The chat room with names, and heartbeat detection. Python starts the heartbeat with create_task()
// and cancels it in `finally`; here the first of the three to return ends the other two.
awaitable<void> websocket_chat_with_heartbeat(WebSocket websocket, std::string username,
                                              ConnectionManager& manager) {
    const auto member = co_await manager.connect(websocket, username);
    co_await websocket.send_text(manager.welcome_with_heartbeat(username));
    const auto ended = co_await (asyncio::settle(chat_loop(websocket, username, manager)) ||
                                 asyncio::settle(heartbeat_sender(websocket, manager)) ||
                                 asyncio::settle(check_heartbeat(websocket, manager)));
    asyncio::rethrow(ended);
}
// [/heartbeat]

// Who is connected.
awaitable<Response> websocket_status(ConnectionManager& manager) {
    json::array connections;
    for (const auto& connection : manager.get_activity()) {
        json::object item;
        item["username"] = connection.username.empty() ? "Unknown" : connection.username;
        item["last_activity"] = chat::isoformat(connection.last_activity);
        item["idle_seconds"] = connection.idle.count();
        connections.push_back(std::move(item));
    }
    const auto users = manager.get_connected_users();
    const std::chrono::duration<double> timeout = manager.settings().heartbeat_timeout;
    json::object status;
    status["connected_count"] = manager.get_connection_count();
    status["connected_users"] = json::array(users.begin(), users.end());
    status["heartbeat_timeout"] = timeout.count();
    status["connections"] = std::move(connections);
    status["status"] = "active";
    co_return Response(std::move(status));
}

}  // namespace

// [routes]
Router websocket(ConnectionManager& manager) {
    Router router({.tags = {"WebSocket"}});
    router.websocket("/ws", websocket_endpoint).summary("Echo");
    router.websocket("/ws/chat", websocket_chat, manager).summary("Chat room without names");
    router.websocket("/ws/chat/{username}", websocket_chat_with_username, manager)
        .summary("Chat room with names and private messages");
    router.websocket("/ws/chat/{username}/heartbeat", websocket_chat_with_heartbeat, manager)
        .summary("Chat room with heartbeat detection");
    router.get("/ws/status", websocket_status, manager).summary("Who is connected");
    return router;
}
// [/routes]

}  // namespace routers
