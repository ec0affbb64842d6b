// Chapter 04: who is connected. A guard keeps the count true, however a handler ends.
#include "beastapi/app.hpp"

#include <boost/json.hpp>

#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

namespace json = boost::json;
using beastapi::App;
using beastapi::awaitable;
using beastapi::Response;
using beastapi::WebSocket;
using beastapi::WebSocketDisconnect;

// [manager]
class ConnectionManager {
public:
    // [guard]
    // Keeps a connection in the set for as long as it lives.
    class [[nodiscard]] Membership {
    public:
        Membership(ConnectionManager& manager, WebSocket websocket)
            : manager_(&manager), websocket_(std::move(websocket)) {
            manager_->active_connections_.insert(websocket_);
        }
        ~Membership() {
            if (manager_ != nullptr) {
                manager_->disconnect(websocket_);
            }
        }
        // [move]
        Membership(Membership&& other) noexcept
            : manager_(std::exchange(other.manager_, nullptr)),
              websocket_(std::move(other.websocket_)) {}
        // [/move]

    private:
        ConnectionManager* manager_;
        WebSocket websocket_;
    };
    // [/guard]

    // [connect]
    awaitable<Membership> connect(WebSocket websocket) {
        co_await websocket.accept();
        co_return Membership(*this, websocket);
    }

    void disconnect(const WebSocket& websocket) { active_connections_.erase(websocket); }
    // [/connect]

    std::size_t get_connection_count() const { return active_connections_.size(); }

private:
    std::unordered_set<WebSocket> active_connections_;
};
// [/manager]

// [frames]
json::object system_notice(const char* event, const char* message, std::size_t count) {
    return {{"type", "system"}, {"event", event}, {"message", message}, {"connected_count", count}};
}

json::object chat(const json::object& data, std::size_t count) {
    return {{"type", "message"}, {"message", data.at("message")}, {"connected_count", count}};
}

const json::object invalid_format = {
    {"type", "error"}, {"code", "invalid_format"}, {"message", "Invalid message format"}};
// [/frames]

// [parse]
// What a client sent: an object with a text in "message", or nothing if it is anything else.
std::optional<json::object> parse(const std::string& text) {
    boost::system::error_code error;
    const json::value data = json::parse(text, error);
    if (error || !data.is_object()) {
        return std::nullopt;
    }
    const json::value* message = data.as_object().if_contains("message");
    if (message == nullptr || !message->is_string()) {
        return std::nullopt;
    }
    return data.as_object();
}
// [/parse]

// [endpoint]
awaitable<void> websocket_chat(WebSocket websocket, ConnectionManager& manager) {
    const auto member = co_await manager.connect(websocket);
    const json::object welcome =
        system_notice("welcome", "Welcome to the chat room!", manager.get_connection_count());
    co_await websocket.send_text(json::serialize(welcome));
    try {
        while (true) {
            const auto data = parse(co_await websocket.receive_text());
            json::object reply = invalid_format;
            if (data) {
                reply = chat(*data, manager.get_connection_count());
            }
            co_await websocket.send_text(json::serialize(reply));
        }
    } catch (const WebSocketDisconnect&) {}
}
// [/endpoint]

// [status]
awaitable<Response> websocket_status(ConnectionManager& manager) {
    json::object status = {{"connected_count", manager.get_connection_count()}};
    co_return Response(std::move(status));
}
// [/status]

// [main]
int main() {
    App app;
    ConnectionManager manager;
    app.websocket("/ws/chat", websocket_chat, manager);
    app.get("/ws/status", websocket_status, manager);
    app.run();
}
// [/main]
