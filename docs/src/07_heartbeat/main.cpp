// Chapter 07: a heartbeat. Three loops watch one connection, and the first to end ends the others.
#include "beastapi/app.hpp"
#include "beastapi/asyncio.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace asyncio = beastapi::asyncio;
namespace close_code = beastapi::close_code;
namespace json = boost::json;
using namespace boost::asio::experimental::awaitable_operators;
using beastapi::App;
using beastapi::awaitable;
using beastapi::Response;
using beastapi::WebSocket;
using beastapi::WebSocketDisconnect;
using std::chrono::steady_clock;

// [settings]
steady_clock::duration seconds_from(const char* variable, double otherwise) {
    const char* text = std::getenv(variable);
    const std::chrono::duration<double> seconds(text != nullptr ? std::stod(text) : otherwise);
    return std::chrono::duration_cast<steady_clock::duration>(seconds);
}

const auto heartbeat_interval = seconds_from("CHAT_HEARTBEAT_INTERVAL", 10);
const auto heartbeat_timeout = seconds_from("CHAT_HEARTBEAT_TIMEOUT", 30);
// [/settings]

// [frames]
json::object system_notice(const char* event, const std::string& message, std::size_t count) {
    return {{"type", "system"}, {"event", event}, {"message", message}, {"connected_count", count}};
}

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
    const json::value data = json::parse(text, error);
    if (error || !data.is_object()) {
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

class ConnectionManager {
public:
    // Keeps a connection in the table for as long as it lives.
    class [[nodiscard]] Membership {
    public:
        Membership(ConnectionManager& manager, WebSocket websocket, std::string username)
            : manager_(&manager), websocket_(std::move(websocket)), username_(std::move(username)) {
            manager_->update_activity(websocket_);
        }
        ~Membership() {
            if (manager_ != nullptr) {
                manager_->disconnect(websocket_, username_);
            }
        }
        Membership(Membership&& other) noexcept
            : manager_(std::exchange(other.manager_, nullptr)),
              websocket_(std::move(other.websocket_)),
              username_(std::move(other.username_)) {}

    private:
        ConnectionManager* manager_;
        WebSocket websocket_;
        std::string username_;
    };

    awaitable<Membership> connect(WebSocket websocket, std::string username) {
        co_await websocket.accept();
        Membership member(*this, websocket, username);
        const std::string message = fmt::format("{} joined the chat room", username);
        broadcast(system_notice("join", message, get_connection_count()), websocket);
        co_return member;
    }

    void disconnect(const WebSocket& websocket, const std::string& username) {
        last_activity_.erase(websocket);
        const std::string message = fmt::format("{} left the chat room", username);
        broadcast(system_notice("leave", message, get_connection_count()));
    }

    void broadcast(const json::object& frame, std::optional<WebSocket> exclude = {}) const {
        const std::string text = json::serialize(frame);
        for (const auto& [connection, last_activity] : last_activity_) {
            if (connection != exclude) {
                connection.post_text(text);
            }
        }
    }

    // [activity]
    void update_activity(const WebSocket& websocket) {
        last_activity_[websocket] = steady_clock::now();
    }

    steady_clock::duration idle_time(const WebSocket& websocket) const {
        return steady_clock::now() - last_activity_.at(websocket);
    }
    // [/activity]

    std::size_t get_connection_count() const { return last_activity_.size(); }

private:
    std::unordered_map<WebSocket, steady_clock::time_point> last_activity_;
};

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
    co_await websocket.close(close_code::policy_violation, "Heartbeat timeout");
}
// [/check_heartbeat]

// [endpoint]
awaitable<void> websocket_chat_with_heartbeat(WebSocket websocket, std::string username,
                                              ConnectionManager& manager) {
    const auto member = co_await manager.connect(websocket, username);
    const std::string message = fmt::format("Welcome to the chat room, {}!", username);
    const json::object welcome = system_notice("welcome", message, manager.get_connection_count());
    co_await websocket.send_text(json::serialize(welcome));
    const auto ended = co_await (asyncio::settle(chat_loop(websocket, username, manager)) ||
                                 asyncio::settle(heartbeat_sender(websocket)) ||
                                 asyncio::settle(check_heartbeat(websocket, manager)));
    asyncio::rethrow(ended);
}
// [/endpoint]

awaitable<Response> websocket_status(ConnectionManager& manager) {
    json::object status = {{"connected_count", manager.get_connection_count()}};
    co_return Response(std::move(status));
}

int main() {
    App app;
    ConnectionManager manager;
    app.websocket("/ws/chat/{username}/heartbeat", websocket_chat_with_heartbeat, manager);
    app.get("/ws/status", websocket_status, manager);
    app.run();
}
