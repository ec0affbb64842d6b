// Chapter 06: names and private messages. A user may be connected more than once.
#include "beastapi/app.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace json = boost::json;
using beastapi::App;
using beastapi::awaitable;
using beastapi::Response;
using beastapi::WebSocket;
using beastapi::WebSocketDisconnect;

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

class ConnectionManager {
public:
    // Keeps a connection in the table for as long as it lives.
    class [[nodiscard]] Membership {
    public:
        Membership(ConnectionManager& manager, WebSocket websocket, std::string username)
            : manager_(&manager), websocket_(std::move(websocket)), username_(std::move(username)) {
            manager_->user_connections_[username_].push_back(websocket_);
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

    // [connect]
    awaitable<Membership> connect(WebSocket websocket, std::string username) {
        co_await websocket.accept();
        Membership member(*this, websocket, username);
        if (user_connections_.at(username).size() == 1) {
            const std::string message = fmt::format("{} joined the chat room", username);
            broadcast(system_notice("join", message, username), websocket);
        }
        co_return member;
    }

    void disconnect(const WebSocket& websocket, const std::string& username) {
        auto& connections = user_connections_.at(username);
        std::erase(connections, websocket);
        if (connections.empty()) {
            user_connections_.erase(username);
            const std::string message = fmt::format("{} left the chat room", username);
            broadcast(system_notice("leave", message, username));
        }
    }
    // [/connect]

    // [send_to_user]
    bool send_to_user(const json::object& frame, const std::string& username) const {
        const auto user = user_connections_.find(username);
        if (user == user_connections_.end()) {
            return false;
        }
        for (const WebSocket& connection : user->second) {
            connection.post_text(json::serialize(frame));
        }
        return true;
    }
    // [/send_to_user]

    // [broadcast]
    void broadcast(const json::object& frame, std::optional<WebSocket> exclude = {}) const {
        const std::string text = json::serialize(frame);
        for (const auto& [username, connections] : user_connections_) {
            for (const WebSocket& connection : connections) {
                if (connection != exclude) {
                    connection.post_text(text);
                }
            }
        }
    }
    // [/broadcast]

    // [users]
    json::array get_connected_users() const {
        std::vector<std::string> users;
        users.reserve(user_connections_.size());
        for (const auto& [username, connections] : user_connections_) {
            users.push_back(username);
        }
        std::ranges::sort(users);
        return json::array(users.begin(), users.end());
    }

    std::size_t get_connection_count() const {
        std::size_t count = 0;
        for (const auto& [username, connections] : user_connections_) {
            count += connections.size();
        }
        return count;
    }
    // [/users]

    // [notice]
    json::object system_notice(const char* event, const std::string& message,
                               const std::string& username) const {
        return {{"type", "system"},
                {"event", event},
                {"message", message},
                {"username", username},
                {"connected_count", get_connection_count()},
                {"connected_users", get_connected_users()}};
    }
    // [/notice]

private:
    // [table]
    std::unordered_map<std::string, std::vector<WebSocket>> user_connections_;
    // [/table]
};

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
