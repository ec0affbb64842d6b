#include "chat/connection_manager.hpp"

#include "chat/names.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace chat {

using std::chrono::steady_clock;
using std::chrono::system_clock;

namespace {

/// Closes a connection whose handshake is done, so that a browser can read why.
awaitable<void> refuse(WebSocket websocket, std::string reason) {
    co_await websocket.close(beastapi::close_code::policy_violation, reason);
    throw beastapi::WebSocketDisconnect(beastapi::close_code::policy_violation, reason);
}

}  // namespace

ConnectionManager::ConnectionManager(ChatSettings settings)
    : settings_(std::move(settings)), messages_(settings_.locale) {
    if (settings_.identity) {
        verifier_.emplace(*settings_.identity);
    }
}

// [connect]
awaitable<ConnectionManager::Membership> ConnectionManager::connect(
    WebSocket websocket, std::optional<std::string> username) {
    std::string subprotocol = subprotocol_of(websocket.request());
    co_await websocket.accept(std::move(subprotocol));
    auto name = normalize_name(username.value_or(""));
    if (username && (!name || name_key(*name) == name_key(anonymous))) {
        co_await refuse(websocket, "Invalid username");
    }
    std::unique_ptr<TokenExpiry> expiry;
    if (name && requires_tokens()) {
        auto claims = check_token(websocket, *name);
        if (!claims) {
            co_await refuse(websocket, "Unauthorized");
        }
        name = std::move(claims->name);
        const auto executor = co_await boost::asio::this_coro::executor;
        expiry = std::make_unique<TokenExpiry>(executor,
                                               [this, websocket] { end_by_expiry(websocket); });
        expiry->expire_after(claims->valid_until - system_clock::now());
    }
    User* user = nullptr;
    bool came = true;
    if (name) {
        user = &users_[name_key(*name)];
        came = user->connections.empty();
        if (came) {
            user->name = *name;
        }
        user->connections.push_back(websocket);
    }
    active_connections_.push_back(websocket);
    members_.emplace(
        websocket,
        Member{
            user, steady_clock::now(), RateLimiter(settings_.message_rate), {}, std::move(expiry)});
    Membership membership(*this, websocket);
    if (came) {
        broadcast(messages_.join(membership.username(), get_connection_count()), websocket);
    }
    co_return membership;
}
// [/connect]

// [disconnect]
void ConnectionManager::disconnect(const WebSocket& websocket) {
    const auto member = members_.extract(websocket);
    if (member.empty()) {
        return;
    }
    for (const Room* const room : member.mapped().rooms) {
        leave_room(websocket, member.mapped(), *room);
    }
    std::erase(active_connections_, websocket);
    std::string name;
    bool left = true;
    if (const User* const user = member.mapped().user) {
        name = user->name;
        const auto found = users_.find(name_key(name));
        std::erase(found->second.connections, websocket);
        left = user->connections.empty();
        if (left) {
            users_.erase(found);
        }
    }
    if (left) {
        broadcast(messages_.leave(name, get_connection_count()));
    }
}
// [/disconnect]

void ConnectionManager::update_activity(const WebSocket& websocket) {
    if (const auto member = members_.find(websocket); member != members_.end()) {
        member->second.last_activity = steady_clock::now();
    }
}

steady_clock::duration ConnectionManager::idle_time(const WebSocket& websocket) const {
    const auto member = members_.find(websocket);
    return member == members_.end() ? steady_clock::duration::zero()
                                    : steady_clock::now() - member->second.last_activity;
}

RateLimiter::Verdict ConnectionManager::check_rate(const WebSocket& websocket) {
    return members_.at(websocket).limiter.check(steady_clock::now());
}

std::chrono::milliseconds ConnectionManager::retry_after(const WebSocket& websocket) const {
    const RateLimiter& limiter = members_.at(websocket).limiter;
    return std::chrono::ceil<std::chrono::milliseconds>(limiter.retry_after(steady_clock::now()));
}

// [broadcast]
void ConnectionManager::broadcast(std::string_view message,
                                  const std::optional<WebSocket>& exclude) const {
    for (const WebSocket& connection : active_connections_) {
        if (connection != exclude) {
            connection.post_text(message);
        }
    }
}
// [/broadcast]

// [send_to_user]
bool ConnectionManager::send_to_user(std::string_view message, std::string_view username) const {
    const auto name = normalize_name(username);
    const auto user = name ? users_.find(name_key(*name)) : users_.end();
    if (user == users_.end()) {
        return false;
    }
    for (const WebSocket& connection : user->second.connections) {
        connection.post_text(message);
    }
    return true;
}
// [/send_to_user]

// [rooms]
std::optional<ErrorCode> ConnectionManager::join_room(const WebSocket& websocket,
                                                      std::string_view room) {
    const auto name = normalize_name(room);
    if (!name) {
        return ErrorCode::invalid_room;
    }
    if (joined_room(websocket, *name) != nullptr) {
        return std::nullopt;
    }
    Member& member = members_.at(websocket);
    if (member.rooms.size() >= max_rooms) {
        return ErrorCode::too_many_rooms;
    }
    const Room* const known = rooms_.find(*name);
    const bool came = known == nullptr || !has_user(*known, member.user);
    const Room& joined = rooms_.join(websocket, *name);
    member.rooms.push_back(&joined);
    if (came) {
        broadcast_to_room(
            messages_.join_room(get_username(websocket), joined.name, joined.connections.size()),
            joined.name, websocket);
    }
    return std::nullopt;
}

std::optional<ErrorCode> ConnectionManager::leave_room(const WebSocket& websocket,
                                                       std::string_view room) {
    const Room* const found = rooms_.find(room);
    Member& member = members_.at(websocket);
    if (found == nullptr || std::erase(member.rooms, found) == 0) {
        return ErrorCode::not_in_room;
    }
    leave_room(websocket, member, *found);
    return std::nullopt;
}

void ConnectionManager::broadcast_to_room(std::string_view message, std::string_view room,
                                          const std::optional<WebSocket>& exclude) const {
    const Room* const found = rooms_.find(room);
    if (found == nullptr) {
        return;
    }
    for (const WebSocket& connection : found->connections) {
        if (connection != exclude) {
            connection.post_text(message);
        }
    }
}
// [/rooms]

void ConnectionManager::leave_room(const WebSocket& websocket, const Member& member,
                                   const Room& room) {
    const std::string name = room.name;
    const std::size_t others = room.connections.size() - 1;
    rooms_.leave(websocket, room);
    if (others > 0 && !has_user(room, member.user)) {
        const std::string username = member.user == nullptr ? "" : member.user->name;
        broadcast_to_room(messages_.leave_room(username, name, others), name);
    }
}

bool ConnectionManager::has_user(const Room& room, const User* user) const {
    return user != nullptr && std::any_of(room.connections.begin(), room.connections.end(),
                                          [&](const WebSocket& connection) {
                                              return members_.at(connection).user == user;
                                          });
}

const std::string* ConnectionManager::joined_room(const WebSocket& websocket,
                                                  std::string_view room) const {
    const Room* const found = rooms_.find(room);
    const auto& rooms = members_.at(websocket).rooms;
    const bool joined =
        found != nullptr && std::find(rooms.begin(), rooms.end(), found) != rooms.end();
    return joined ? &found->name : nullptr;
}

void ConnectionManager::broadcast_typing(const WebSocket& websocket, std::string_view username,
                                         std::string_view room) const {
    const Room* const found = rooms_.find(room);
    if (found == nullptr && !room.empty()) {
        return;
    }
    const std::string message = messages_.typing(username, found == nullptr ? "" : found->name);
    for (const WebSocket& connection :
         found == nullptr ? active_connections_ : found->connections) {
        if (connection != websocket) {
            connection.post_volatile_text(message);
        }
    }
}

const std::string& ConnectionManager::get_username(const WebSocket& websocket) const {
    static const std::string none;
    const auto member = members_.find(websocket);
    return member == members_.end() || member->second.user == nullptr ? none
                                                                      : member->second.user->name;
}

bool ConnectionManager::is_connected(std::string_view username) const {
    const auto name = normalize_name(username);
    return name && users_.contains(name_key(*name));
}

std::vector<std::string> ConnectionManager::get_connected_users() const {
    std::vector<std::string> users;
    users.reserve(users_.size());
    for (const WebSocket& connection : active_connections_) {
        const User* const user = members_.at(connection).user;
        if (user != nullptr && user->connections.front() == connection) {
            users.push_back(user->name);
        }
    }
    return users;
}

ConnectionManager::RoomMembers ConnectionManager::describe(const Room& room) const {
    RoomMembers described{room.name, {}, room.connections.size()};
    std::unordered_set<const User*> seen;
    for (const WebSocket& connection : room.connections) {
        const User* const user = members_.at(connection).user;
        if (user != nullptr && seen.insert(user).second) {
            described.members.push_back(user->name);
        }
    }
    return described;
}

std::optional<ConnectionManager::RoomMembers> ConnectionManager::get_room(
    std::string_view room) const {
    const Room* const found = rooms_.find(room);
    if (found == nullptr) {
        return std::nullopt;
    }
    return describe(*found);
}

std::vector<ConnectionManager::RoomMembers> ConnectionManager::get_rooms() const {
    std::vector<RoomMembers> described;
    described.reserve(rooms_.all().size());
    for (const auto& [key, room] : rooms_.all()) {
        described.push_back(describe(room));
    }
    return described;
}

std::string ConnectionManager::welcome() const {
    return messages_.welcome(get_connection_count());
}

std::string ConnectionManager::welcome(std::string_view username) const {
    return messages_.welcome(username, get_connection_count(), get_connected_users());
}

std::string ConnectionManager::welcome_with_heartbeat(std::string_view username) const {
    const std::chrono::duration<double> interval = settings_.heartbeat_interval;
    return messages_.welcome_with_heartbeat(username, get_connection_count(), get_connected_users(),
                                            interval.count());
}

std::vector<ConnectionManager::Activity> ConnectionManager::get_activity() const {
    const auto now = steady_clock::now();
    const auto wall_clock = system_clock::now();
    std::vector<Activity> activity;
    activity.reserve(active_connections_.size());
    for (const WebSocket& connection : active_connections_) {
        const auto idle = now - members_.at(connection).last_activity;
        activity.push_back({get_username(connection),
                            wall_clock - std::chrono::duration_cast<system_clock::duration>(idle),
                            idle});
    }
    return activity;
}

ConnectionManager::Membership::Membership(ConnectionManager& manager, WebSocket websocket)
    : manager_(&manager), websocket_(std::move(websocket)) {}

ConnectionManager::Membership::Membership(Membership&& other) noexcept
    : manager_(std::exchange(other.manager_, nullptr)), websocket_(std::move(other.websocket_)) {}

// [membership]
ConnectionManager::Membership::~Membership() {
    if (manager_ != nullptr) {
        manager_->disconnect(websocket_);
    }
}
// [/membership]

}  // namespace chat
