// Who is connected, and how messages reach them: the tutorial's `ConnectionManager`.
#pragma once

#include "beastapi/awaitable.hpp"
#include "beastapi/websocket.hpp"
#include "chat/messages.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace chat {

using beastapi::awaitable;
using beastapi::WebSocket;

struct ChatSettings {
    Locale locale = Locale::zh_tw;
    std::chrono::steady_clock::duration heartbeat_interval = std::chrono::seconds(10);
    std::chrono::steady_clock::duration heartbeat_timeout = std::chrono::seconds(30);
};

/// The chat of one thread. It belongs to main(), and has to outlive App::run().
///
/// Nothing in it waits but connect(): a broadcast puts the same text into the outbox of each member
/// and returns, so the members cannot change while it goes over them, and all see one order.
class ConnectionManager {
public:
    class Membership;

    explicit ConnectionManager(ChatSettings settings = {});
    ConnectionManager(const ConnectionManager&) = delete;
    ConnectionManager& operator=(const ConnectionManager&) = delete;

    /// Accepts the connection and lets it take part in the chat, without a name if `username` is
    /// empty.
    ///
    /// The others are told when a user's first connection comes. What comes back is the membership:
    /// when that goes out of scope, however the handler ends, disconnect() is called; Python needs
    /// `finally`. Throws WebSocketDisconnect if the client has gone, or its name is not valid: then
    /// it was closed with 1008 (Policy Violation), after the handshake, so that a browser can read
    /// why.
    awaitable<Membership> connect(WebSocket websocket, std::optional<std::string> username = {});

    /// Takes the connection out; the others are told when it was its user's last. Does nothing the
    /// second time.
    void disconnect(const WebSocket& websocket);

    /// Notes that something came from this connection just now.
    void update_activity(const WebSocket& websocket);

    /// How long ago that was; zero for a connection that is not in the chat.
    std::chrono::steady_clock::duration idle_time(const WebSocket& websocket) const;

    /// Sends to everyone, the sender included, but not to `exclude`.
    void broadcast(std::string_view message, const std::optional<WebSocket>& exclude = {}) const;

    /// Sends to each connection of that user. False if there is none.
    bool send_to_user(std::string_view message, const std::string& username) const;

    bool is_connected(const std::string& username) const;
    std::size_t get_connection_count() const noexcept { return active_connections_.size(); }

    /// Each name once, in the order in which they came.
    std::vector<std::string> get_connected_users() const;

    /// What a connection is told when it has joined: without a name, with one, and with heartbeat
    /// detection.
    std::string welcome() const;
    std::string welcome(std::string_view username) const;
    std::string welcome_with_heartbeat(std::string_view username) const;

    /// One connection, as `/ws/status` shows it.
    struct Activity {
        std::string username;  ///< empty if it has none
        std::chrono::system_clock::time_point last_activity;
        std::chrono::duration<double> idle;
    };
    std::vector<Activity> get_activity() const;

    const ChatSettings& settings() const noexcept { return settings_; }
    const Messages& messages() const noexcept { return messages_; }

private:
    struct Member {
        std::string username;
        std::chrono::steady_clock::time_point last_activity;
    };

    ChatSettings settings_;
    Messages messages_;
    std::vector<WebSocket> active_connections_;  // in the order in which they came
    std::unordered_map<std::string, std::vector<WebSocket>> user_connections_;
    std::unordered_map<WebSocket, Member> members_;
};

/// Keeps a connection in the chat for as long as it lives.
class [[nodiscard]] ConnectionManager::Membership {
public:
    Membership(ConnectionManager& manager, WebSocket websocket);
    Membership(Membership&& other) noexcept;
    Membership& operator=(Membership&&) = delete;
    ~Membership();

private:
    ConnectionManager* manager_;
    WebSocket websocket_;
};

}  // namespace chat
