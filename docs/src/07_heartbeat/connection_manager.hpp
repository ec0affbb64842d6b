// Chapter 07: who is connected, and when each was last heard of.
#pragma once

#include "beastapi/awaitable.hpp"
#include "beastapi/websocket.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <chrono>
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
        broadcast(system_notice("join", message), websocket);
        co_return member;
    }

    void disconnect(const WebSocket& websocket, const std::string& username) {
        last_activity_.erase(websocket);
        const std::string message = fmt::format("{} left the chat room", username);
        broadcast(system_notice("leave", message));
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

    json::object system_notice(const char* event, const std::string& message) const {
        return {{"type", "system"},
                {"event", event},
                {"message", message},
                {"connected_count", get_connection_count()}};
    }

private:
    std::unordered_map<WebSocket, steady_clock::time_point> last_activity_;
};
