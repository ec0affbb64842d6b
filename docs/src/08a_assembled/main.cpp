// Chapter 08: what chapters 04 to 07 built, in one program, with the page.
#include "beastapi/app.hpp"
#include "beastapi/asyncio.hpp"
#include "connection_manager.hpp"
#include "frames.hpp"
#include "settings.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace asyncio = beastapi::asyncio;
using namespace boost::asio::experimental::awaitable_operators;
using beastapi::WebSocketDisconnect;
using Reply = std::optional<json::object>;

const auto heartbeat_interval = seconds_from("CHAT_HEARTBEAT_INTERVAL", "10");
const auto heartbeat_timeout = seconds_from("CHAT_HEARTBEAT_TIMEOUT", "30");

// [deliver]
// Hands a message on, and returns what its sender is told.
Reply deliver(const json::object& data, const std::string& username, ConnectionManager& manager) {
    const auto target = text_of(data, "target_user");
    if (!target || target->empty()) {
        manager.broadcast(chat(username, data));
        return std::nullopt;
    }
    if (manager.send_to_user(private_message(username, data), *target)) {
        return confirmation(*target);
    }
    return error("user_offline", fmt::format("{} is not online", *target));
}

// Does what a frame asks for, and returns the reply, if there is one.
Reply answer(const std::string& text, const std::string& username, ConnectionManager& manager) {
    const json::object data = parse(text).value_or(json::object());
    const auto type = text_of(data, "type");
    if (type == "heartbeat") {
        return heartbeat_ack;
    }
    if (type == "pong") {
        return std::nullopt;
    }
    if (!text_of(data, "message")) {
        return error("invalid_format", "Invalid message format");
    }
    return deliver(data, username, manager);
}
// [/deliver]

// [loops]
awaitable<void> chat_loop(WebSocket websocket, std::string username, ConnectionManager& manager) {
    try {
        while (true) {
            const std::string text = co_await websocket.receive_text();
            manager.update_activity(websocket, username);
            const Reply reply = answer(text, username, manager);
            if (reply) {
                co_await websocket.send_text(json::serialize(*reply));
            }
        }
    } catch (const WebSocketDisconnect&) {}
}

awaitable<void> heartbeat_sender(WebSocket websocket) {
    try {
        while (true) {
            co_await asyncio::sleep(heartbeat_interval);
            co_await websocket.send_text(json::serialize(ping));
        }
    } catch (const WebSocketDisconnect&) {}
}

awaitable<void> check_heartbeat(WebSocket websocket, std::string username,
                                ConnectionManager& manager) {
    while (manager.idle_time(websocket, username) < heartbeat_timeout) {
        co_await asyncio::sleep(heartbeat_timeout - manager.idle_time(websocket, username));
    }
    co_await websocket.close(beastapi::close_code::policy_violation, "Heartbeat timeout");
}
// [/loops]

// [endpoint]
awaitable<void> websocket_chat_with_heartbeat(WebSocket websocket, std::string username,
                                              ConnectionManager& manager) {
    const auto member = co_await manager.connect(websocket, username);
    const std::string message = fmt::format("Welcome to the chat room, {}!", username);
    const json::object welcome = manager.system_notice("welcome", message, username);
    co_await websocket.send_text(json::serialize(welcome));
    const auto ended = co_await (asyncio::settle(chat_loop(websocket, username, manager)) ||
                                 asyncio::settle(heartbeat_sender(websocket)) ||
                                 asyncio::settle(check_heartbeat(websocket, username, manager)));
    asyncio::rethrow(ended);
}
// [/endpoint]

// [program]
awaitable<beastapi::Response> websocket_status(ConnectionManager& manager) {
    const json::array users = manager.get_connected_users();
    json::object status = {{"connected_count", users.size()}, {"connected_users", users}};
    co_return beastapi::Response(std::move(status));
}

awaitable<beastapi::Response> chat_page(std::filesystem::path folder) {
    co_return beastapi::FileResponse(folder / "chat.html");
}

int main() {
    const std::filesystem::path folder = setting("STATIC_DIR", "static");
    beastapi::App app;
    ConnectionManager manager;
    app.websocket("/ws/chat/{username}/heartbeat", websocket_chat_with_heartbeat, manager);
    app.get("/ws/status", websocket_status, manager);
    app.get("/chat", chat_page, folder);
    app.mount("/static", beastapi::StaticFiles(folder));
    app.run();
}
// [/program]
