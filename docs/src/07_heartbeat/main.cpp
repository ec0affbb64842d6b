// Chapter 07: a heartbeat. Three loops watch one connection, and the first to end ends the others.
#include "beastapi/app.hpp"
#include "beastapi/asyncio.hpp"
#include "connection_manager.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/json.hpp>
#include <boost/lexical_cast/try_lexical_convert.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

namespace asyncio = beastapi::asyncio;
using namespace boost::asio::experimental::awaitable_operators;
using beastapi::App;
using beastapi::WebSocketDisconnect;

// [settings]
steady_clock::duration seconds_from(const char* variable, double otherwise) {
    double number = otherwise;
    if (const char* text = std::getenv(variable);
        text != nullptr && !boost::conversion::try_lexical_convert(text, number)) {
        fmt::print(stderr, "{}={} is no number of seconds\n", variable, text);
        std::exit(2);
    }
    const std::chrono::duration<double> seconds(number);
    return std::chrono::duration_cast<steady_clock::duration>(seconds);
}

const auto heartbeat_interval = seconds_from("CHAT_HEARTBEAT_INTERVAL", 10);
const auto heartbeat_timeout = seconds_from("CHAT_HEARTBEAT_TIMEOUT", 30);
// [/settings]

// [frames]
json::object chat(const std::string& username, const json::object& data) {
    return {{"type", "message"}, {"username", username}, {"message", data.at("message")}};
}

const json::object ping = {{"type", "ping"}};
const json::object heartbeat_ack = {{"type", "heartbeat_ack"}};
const json::object invalid_format = {
    {"type", "error"}, {"code", "invalid_format"}, {"message", "Invalid message format"}};
// [/frames]

// [parse]
// What a client sent: an object, or nothing if it is anything else.
std::optional<json::object> parse(const std::string& text) {
    boost::system::error_code error;
    const json::value data = json::parse(text, error);  // null if it is no JSON
    if (!data.is_object()) {
        return std::nullopt;
    }
    return data.as_object();
}

bool is_of_type(const json::object& data, const char* type) {
    const json::value* value = data.if_contains("type");
    return value != nullptr && *value == type;
}

bool has_text(const json::object& data) {
    const json::value* message = data.if_contains("message");
    return message != nullptr && message->is_string();
}
// [/parse]

// [chat_loop]
awaitable<void> chat_loop(WebSocket websocket, std::string username, ConnectionManager& manager) {
    try {
        while (true) {
            const auto data = parse(co_await websocket.receive_text());
            manager.update_activity(websocket);
            if (data && is_of_type(*data, "heartbeat")) {
                co_await websocket.send_text(json::serialize(heartbeat_ack));
            } else if (data && has_text(*data)) {
                manager.broadcast(chat(username, *data));
            } else if (!data || !is_of_type(*data, "pong")) {
                co_await websocket.send_text(json::serialize(invalid_format));
            }
        }
    } catch (const WebSocketDisconnect&) {}
}
// [/chat_loop]

// [heartbeat_sender]
awaitable<void> heartbeat_sender(WebSocket websocket) {
    try {
        while (true) {
            co_await asyncio::sleep(heartbeat_interval);
            co_await websocket.send_text(json::serialize(ping));
        }
    } catch (const WebSocketDisconnect&) {}
}
// [/heartbeat_sender]

// [check_heartbeat]
awaitable<void> check_heartbeat(WebSocket websocket, ConnectionManager& manager) {
    while (manager.idle_time(websocket) < heartbeat_timeout) {
        co_await asyncio::sleep(heartbeat_timeout - manager.idle_time(websocket));
    }
    co_await websocket.close(beastapi::close_code::policy_violation, "Heartbeat timeout");
}
// [/check_heartbeat]

// [endpoint]
awaitable<void> websocket_chat_with_heartbeat(WebSocket websocket, std::string username,
                                              ConnectionManager& manager) {
    const auto member = co_await manager.connect(websocket, username);
    const std::string message = fmt::format("Welcome to the chat room, {}!", username);
    const json::object welcome = manager.system_notice("welcome", message);
    co_await websocket.send_text(json::serialize(welcome));
    const auto ended = co_await (asyncio::settle(chat_loop(websocket, username, manager)) ||
                                 asyncio::settle(heartbeat_sender(websocket)) ||
                                 asyncio::settle(check_heartbeat(websocket, manager)));
    asyncio::rethrow(ended);
}
// [/endpoint]

awaitable<beastapi::Response> websocket_status(ConnectionManager& manager) {
    json::object status = {{"connected_count", manager.get_connection_count()}};
    co_return beastapi::Response(std::move(status));
}

int main() {
    App app;
    ConnectionManager manager;
    app.websocket("/ws/chat/{username}/heartbeat", websocket_chat_with_heartbeat, manager);
    app.get("/ws/status", websocket_status, manager);
    app.run();
}
