#include "chat/connection_manager.hpp"

#include "chat/names.hpp"

#include <algorithm>
#include <utility>

namespace chat {

using std::chrono::steady_clock;
using std::chrono::system_clock;

ConnectionManager::ConnectionManager(ChatSettings settings)
    : settings_(settings), messages_(settings.locale) {}

// [connect]
awaitable<ConnectionManager::Membership> ConnectionManager::connect(
    WebSocket websocket, std::optional<std::string> username) {
    co_await websocket.accept();
    if (username && !normalize_name(*username)) {
        co_await websocket.close(beastapi::close_code::policy_violation, "Invalid username");
        throw beastapi::WebSocketDisconnect(beastapi::close_code::policy_violation,
                                            "Invalid username");
    }
    const std::string name = username.value_or("");
    active_connections_.push_back(websocket);
    members_.emplace(websocket, Member{name, steady_clock::now()});
    Membership membership(*this, websocket);
    bool came = true;
    if (!name.empty()) {
        auto& connections = user_connections_[name];
        came = connections.empty();
        connections.push_back(websocket);
    }
    if (came) {
        broadcast(messages_.join(name, get_connection_count()), websocket);
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
    std::erase(active_connections_, websocket);
    const std::string& name = member.mapped().username;
    bool left = true;
    if (const auto user = user_connections_.find(name); user != user_connections_.end()) {
        std::erase(user->second, websocket);
        left = user->second.empty();
        if (left) {
            user_connections_.erase(user);
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
bool ConnectionManager::send_to_user(std::string_view message, const std::string& username) const {
    const auto user = user_connections_.find(username);
    if (user == user_connections_.end()) {
        return false;
    }
    for (const WebSocket& connection : user->second) {
        connection.post_text(message);
    }
    return true;
}
// [/send_to_user]

bool ConnectionManager::is_connected(const std::string& username) const {
    return user_connections_.contains(username);
}

std::vector<std::string> ConnectionManager::get_connected_users() const {
    std::vector<std::string> users;
    users.reserve(user_connections_.size());
    for (const WebSocket& connection : active_connections_) {
        const std::string& name = members_.at(connection).username;
        if (!name.empty() && user_connections_.at(name).front() == connection) {
            users.push_back(name);
        }
    }
    return users;
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
        const Member& member = members_.at(connection);
        const auto idle = now - member.last_activity;
        activity.push_back({member.username,
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
