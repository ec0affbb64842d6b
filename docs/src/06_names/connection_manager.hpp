// Chapter 06: who is connected, by name, and how a frame reaches them.
// [head]
#pragma once

#include "beastapi/awaitable.hpp"
#include "beastapi/websocket.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace json = boost::json;
using beastapi::awaitable;
using beastapi::WebSocket;
// [/head]

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
