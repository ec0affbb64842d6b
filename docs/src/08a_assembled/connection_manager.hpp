// Chapter 08: who is connected, by name, and when each connection was last heard of: chapters 04 to
// 07.
#pragma once

#include "beastapi/awaitable.hpp"
#include "beastapi/websocket.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace json = boost::json;
using beastapi::awaitable;
using beastapi::WebSocket;
using std::chrono::steady_clock;

class ConnectionManager {
public:
    // Keeps a connection in the table for as long as it lives.
    class [[nodiscard]] Membership {
    public:
        Membership(ConnectionManager& manager, WebSocket websocket, std::string username)
            : manager_(&manager), websocket_(std::move(websocket)), username_(std::move(username)) {
            manager_->update_activity(websocket_, username_);
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
        if (users_.at(username).size() == 1) {
            const std::string message = fmt::format("{} joined the chat room", username);
            broadcast(system_notice("join", message, username), websocket);
        }
        co_return member;
    }

    void disconnect(const WebSocket& websocket, const std::string& username) {
        users_[username].erase(websocket);
        if (users_[username].empty()) {
            users_.erase(username);
            const std::string message = fmt::format("{} left the chat room", username);
            broadcast(system_notice("leave", message, username));
        }
    }
    // [/connect]

    bool send_to_user(const json::object& frame, const std::string& username) const {
        const auto user = users_.find(username);
        if (user == users_.end()) {
            return false;
        }
        for (const auto& [connection, last_activity] : user->second) {
            connection.post_text(json::serialize(frame));
        }
        return true;
    }

    void broadcast(const json::object& frame, std::optional<WebSocket> exclude = {}) const {
        const std::string text = json::serialize(frame);
        for (const auto& [username, connections] : users_) {
            for (const auto& [connection, last_activity] : connections) {
                if (connection != exclude) {
                    connection.post_text(text);
                }
            }
        }
    }

    void update_activity(const WebSocket& websocket, const std::string& username) {
        users_[username][websocket] = steady_clock::now();
    }

    steady_clock::duration idle_time(const WebSocket& websocket,
                                     const std::string& username) const {
        return steady_clock::now() - users_.at(username).at(websocket);
    }

    json::array get_connected_users() const {
        json::array names;
        for (const auto& [username, connections] : users_) {
            names.emplace_back(username);
        }
        return names;
    }

    json::object system_notice(const char* event, const std::string& message,
                               const std::string& username) const {
        return {{"type", "system"},
                {"event", event},
                {"message", message},
                {"username", username},
                {"connected_users", get_connected_users()}};
    }

private:
    // [table]
    using LastActivity = std::unordered_map<WebSocket, steady_clock::time_point>;
    std::map<std::string, LastActivity> users_;  // in the order of their names
    // [/table]
};
