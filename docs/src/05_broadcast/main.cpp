// Chapter 05: everyone hears everyone. A broadcast fills outboxes, and never waits.
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

// [frames]
json::object system_notice(const char* event, const char* message, std::size_t count) {
    return {{"type", "system"}, {"event", event}, {"message", message}, {"connected_count", count}};
}

json::object chat(const json::object& data) {
    const json::value* name = data.if_contains("username");
    const json::value username = name != nullptr ? *name : json::value("Anonymous");
    return {{"type", "message"}, {"username", username}, {"message", data.at("message")}};
}

const json::object invalid_format = {
    {"type", "error"}, {"code", "invalid_format"}, {"message", "Invalid message format"}};
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

class ConnectionManager {
public:
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
        Membership(Membership&& other) noexcept
            : manager_(std::exchange(other.manager_, nullptr)),
              websocket_(std::move(other.websocket_)) {}

    private:
        ConnectionManager* manager_;
        WebSocket websocket_;
    };

    // [connect]
    awaitable<Membership> connect(WebSocket websocket) {
        co_await websocket.accept();
        Membership member(*this, websocket);
        const std::size_t count = get_connection_count();
        broadcast(system_notice("join", "Someone joined the chat room", count), websocket);
        co_return member;
    }

    void disconnect(const WebSocket& websocket) {
        active_connections_.erase(websocket);
        broadcast(system_notice("leave", "Someone left the chat room", get_connection_count()));
    }
    // [/connect]

    // [broadcast]
    void broadcast(const json::object& frame, std::optional<WebSocket> exclude = {}) const {
        const std::string text = json::serialize(frame);
        for (const WebSocket& connection : active_connections_) {
            if (connection != exclude) {
                connection.post_text(text);
            }
        }
    }
    // [/broadcast]

    std::size_t get_connection_count() const { return active_connections_.size(); }

private:
    std::unordered_set<WebSocket> active_connections_;
};

// [endpoint]
awaitable<void> websocket_chat(WebSocket websocket, ConnectionManager& manager) {
    const auto member = co_await manager.connect(websocket);
    const json::object welcome =
        system_notice("welcome", "Welcome to the chat room!", manager.get_connection_count());
    co_await websocket.send_text(json::serialize(welcome));
    try {
        while (true) {
            const auto data = parse(co_await websocket.receive_text());
            if (data) {
                manager.broadcast(chat(*data));
            } else {
                co_await websocket.send_text(json::serialize(invalid_format));
            }
        }
    } catch (const WebSocketDisconnect&) {}
}
// [/endpoint]

awaitable<Response> websocket_status(ConnectionManager& manager) {
    co_return Response(json::object{{"connected_count", manager.get_connection_count()}});
}

int main() {
    App app;
    ConnectionManager manager;
    app.websocket("/ws/chat", websocket_chat, manager);
    app.get("/ws/status", websocket_status, manager);
    app.run();
}
