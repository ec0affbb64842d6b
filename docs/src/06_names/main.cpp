// Chapter 06: names and private messages. A user may be connected more than once.
// [includes]
#include "beastapi/app.hpp"
#include "connection_manager.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

using beastapi::App;
using beastapi::Response;
using beastapi::WebSocketDisconnect;
// [/includes]

// [frames]
json::object chat(const std::string& username, const json::object& data) {
    return {{"type", "message"}, {"username", username}, {"message", data.at("message")}};
}

json::object private_message(const std::string& from, const json::object& data) {
    return {{"type", "private"}, {"from", from}, {"message", data.at("message")}};
}

json::object confirmation(const std::string& target) {
    return {{"type", "confirmation"},
            {"message", fmt::format("Private message sent to {}", target)},
            {"target_user", target}};
}

json::object error(const char* code, const std::string& message) {
    return {{"type", "error"}, {"code", code}, {"message", message}};
}
// [/frames]

// [parse]
// What a client sent: an object with a text in "message", or nothing if it is anything else.
std::optional<json::object> parse(const std::string& text) {
    boost::system::error_code error;
    const json::value data = json::parse(text, error);  // null if it is no JSON
    const json::object* object = data.if_object();
    const json::value* message = object != nullptr ? object->if_contains("message") : nullptr;
    if (message == nullptr || !message->is_string()) {
        return std::nullopt;
    }
    return *object;
}
// [/parse]

// [target]
// Whom a message is for, or nothing if it is for everyone.
std::optional<std::string> target_of(const json::object& data) {
    const json::value* target = data.if_contains("target_user");
    if (target == nullptr || !target->is_string() || target->as_string().empty()) {
        return std::nullopt;
    }
    return std::string(target->as_string());
}
// [/target]

// [deliver]
awaitable<void> deliver(json::object data, std::string username, WebSocket websocket,
                        ConnectionManager& manager) {
    const auto target = target_of(data);
    if (!target) {
        manager.broadcast(chat(username, data));
    } else if (manager.send_to_user(private_message(username, data), *target)) {
        co_await websocket.send_text(json::serialize(confirmation(*target)));
    } else {
        const std::string message = fmt::format("{} is not online", *target);
        co_await websocket.send_text(json::serialize(error("user_offline", message)));
    }
}
// [/deliver]

// [endpoint]
awaitable<void> websocket_chat_with_username(WebSocket websocket, std::string username,
                                             ConnectionManager& manager) {
    const auto member = co_await manager.connect(websocket, username);
    const std::string message = fmt::format("Welcome to the chat room, {}!", username);
    const json::object welcome = manager.system_notice("welcome", message, username);
    co_await websocket.send_text(json::serialize(welcome));
    try {
        while (true) {
            const auto data = parse(co_await websocket.receive_text());
            if (data) {
                co_await deliver(*data, username, websocket, manager);
            } else {
                const json::object reply = error("invalid_format", "Invalid message format");
                co_await websocket.send_text(json::serialize(reply));
            }
        }
    } catch (const WebSocketDisconnect&) {}
}
// [/endpoint]

awaitable<Response> websocket_status(ConnectionManager& manager) {
    json::object status = {{"connected_count", manager.get_connection_count()},
                           {"connected_users", manager.get_connected_users()}};
    co_return Response(std::move(status));
}

int main() {
    App app;
    ConnectionManager manager;
    // [route]
    app.websocket("/ws/chat/{username}", websocket_chat_with_username, manager);
    // [/route]
    app.get("/ws/status", websocket_status, manager);
    app.run();
}
