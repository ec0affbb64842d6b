// Who is connected, and how messages reach them: the tutorial's `ConnectionManager`.
#pragma once

#include "beastapi/awaitable.hpp"
#include "beastapi/refusals.hpp"
#include "beastapi/request.hpp"
#include "beastapi/websocket.hpp"
#include "chat/identity.hpp"
#include "chat/messages.hpp"
#include "chat/rate_limiter.hpp"
#include "chat/rooms.hpp"
#include "chat/token_expiry.hpp"

#include <chrono>
#include <memory>
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
    /// Frames a second from one connection, and how many at once.
    beastapi::RateLimit message_rate{.rate = 10, .burst = 40};
    /// The longest text of a message, in code points; 0: no limit.
    std::size_t max_text_length = 4000;
    /// Whose tokens give names; nothing: anyone may take any free name.
    std::optional<IdentitySettings> identity{};
};

/// The chat of one thread. It belongs to main(), and has to outlive App::run().
///
/// Nothing in it waits but connect(): a broadcast puts the same text into the outbox of each member
/// and returns, so the members cannot change while it goes over them, and all see one order.
class ConnectionManager {
public:
    class Membership;

    /// How many rooms a connection may be in.
    static constexpr std::size_t max_rooms = 16;

    explicit ConnectionManager(ChatSettings settings = {});
    ConnectionManager(const ConnectionManager&) = delete;
    ConnectionManager& operator=(const ConnectionManager&) = delete;

    /// Accepts the connection and lets it take part in the chat, without a name if `username` is
    /// empty.
    ///
    /// The others are told when a user's first connection comes. What comes back is the membership:
    /// when that goes out of scope, however the handler ends, disconnect() is called; Python needs
    /// `finally`. Throws WebSocketDisconnect if the client has gone, its name is not valid, or
    /// tokens give the names and it has none for this one: then it was closed with 1008 (Policy
    /// Violation), after the handshake, so that a browser can read why. When the token runs out,
    /// the connection is closed so, too.
    awaitable<Membership> connect(WebSocket websocket, std::optional<std::string> username = {});

    /// Takes the connection out of its rooms and of the chat; the others are told when it was its
    /// user's last. Does nothing the second time.
    void disconnect(const WebSocket& websocket);

    /// Whether only tokens give names.
    bool requires_tokens() const noexcept { return verifier_.has_value(); }

    /// Whether this client may be told who is connected: anyone, or, where tokens give the names,
    /// whoever has one.
    bool may_see_users(const WebSocket& websocket) const;
    bool may_see_users(const beastapi::Request& request) const;

    /// Lets the connection go on until this token runs out, and says how long that is. Nothing, and
    /// no change, if the token does not hold or is for another user.
    std::optional<std::chrono::seconds> refresh(const WebSocket& websocket, std::string_view token);

    /// Notes that something came from this connection just now.
    void update_activity(const WebSocket& websocket);

    /// How long ago that was; zero for a connection that is not in the chat.
    std::chrono::steady_clock::duration idle_time(const WebSocket& websocket) const;

    /// Whether a frame that came from this connection is within the limit.
    RateLimiter::Verdict check_rate(const WebSocket& websocket);

    /// After how long a connection that was refused may send again, rounded up.
    std::chrono::milliseconds retry_after(const WebSocket& websocket) const;

    /// Sends to everyone, the sender included, but not to `exclude`.
    void broadcast(std::string_view message, const std::optional<WebSocket>& exclude = {}) const;

    /// Sends to each connection of that user. False if there is none.
    bool send_to_user(std::string_view message, std::string_view username) const;

    /// Takes the connection into the room, and tells the room's others if it is its user's first
    /// there; does nothing if it is in. Refuses with invalid_room or too_many_rooms.
    std::optional<ErrorCode> join_room(const WebSocket& websocket, std::string_view room);

    /// Takes the connection out of the room, and tells the others if it was its user's last there.
    /// Refuses with not_in_room.
    std::optional<ErrorCode> leave_room(const WebSocket& websocket, std::string_view room);

    /// Sends to everyone in the room but `exclude`; to nobody if there is no such room.
    void broadcast_to_room(std::string_view message, std::string_view room,
                           const std::optional<WebSocket>& exclude = {}) const;

    /// The room's name as it is shown; null if the connection is not in it.
    const std::string* joined_room(const WebSocket& websocket, std::string_view room) const;

    /// Says that somebody writes, to everyone else in the room, or in the lobby if `room` is empty.
    /// Whoever is behind with reading is left out: this is worth nothing when it is late.
    void broadcast_typing(const WebSocket& websocket, std::string_view username,
                          std::string_view room) const;

    /// The name of the connection's user as it is shown; empty for one without a name.
    const std::string& get_username(const WebSocket& websocket) const;

    bool is_connected(std::string_view username) const;
    std::size_t get_connection_count() const noexcept { return active_connections_.size(); }

    /// Each name once, in the order in which they came.
    std::vector<std::string> get_connected_users() const;

    /// A room as it is shown: each name once, in the order in which they came, and how many
    /// connections there are.
    struct RoomMembers {
        std::string name;
        std::vector<std::string> members;
        std::size_t member_count;
    };
    /// Nothing if nobody is in it.
    std::optional<RoomMembers> get_room(std::string_view room) const;
    std::vector<RoomMembers> get_rooms() const;
    const Rooms& rooms() const noexcept { return rooms_; }

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
    /// What the chat has refused.
    beastapi::Refusals& refusals() noexcept { return refusals_; }

private:
    struct User {
        std::string name;                    // as its first connection wrote it
        std::vector<WebSocket> connections;  // in the order in which they came
    };
    struct Member {
        const User* user;  // null without a name
        std::chrono::steady_clock::time_point last_activity;
        RateLimiter limiter;
        std::vector<const Room*> rooms;
        std::unique_ptr<TokenExpiry> expiry;  // null without a token
    };

    std::optional<TokenClaims> check_token(const WebSocket& websocket, std::string_view name);
    void end_by_expiry(const WebSocket& websocket);

    void leave_room(const WebSocket& websocket, const Member& member, const Room& room);
    bool has_user(const Room& room, const User* user) const;
    RoomMembers describe(const Room& room) const;

    ChatSettings settings_;
    std::optional<TokenVerifier> verifier_;
    Messages messages_;
    beastapi::Refusals refusals_;
    std::vector<WebSocket> active_connections_;    // in the order in which they came
    std::unordered_map<std::string, User> users_;  // by name_key()
    std::unordered_map<WebSocket, Member> members_;
    Rooms rooms_;
};

/// Keeps a connection in the chat for as long as it lives.
class [[nodiscard]] ConnectionManager::Membership {
public:
    Membership(ConnectionManager& manager, WebSocket websocket);
    Membership(Membership&& other) noexcept;
    Membership& operator=(Membership&&) = delete;
    ~Membership();

    /// As ConnectionManager::get_username().
    const std::string& username() const { return manager_->get_username(websocket_); }

private:
    ConnectionManager* manager_;
    WebSocket websocket_;
};

}  // namespace chat
