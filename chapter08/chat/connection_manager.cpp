#include "chat/connection_manager.hpp"

#include "chat/backlog.hpp"
#include "chat/history_frame.hpp"
#include "chat/names.hpp"

#include <spdlog/spdlog.h>

#include <exception>

namespace chat {

namespace {

void post(const WebSocket& websocket, std::string_view message) noexcept {
    try {
        websocket.post_text(message);
    } catch (const std::exception&) {
        end_for_want_of_memory(websocket);
    }
}

}  // namespace

void end_for_want_of_memory(const WebSocket& websocket) noexcept {
    try {
        websocket.post_close(beastapi::close_code::internal_error, "Out of memory");
    } catch (const std::exception&) {
        spdlog::error("a message was lost: out of memory");
    }
}

// [connect]
ConnectionManager::Membership ConnectionManager::connect(WebSocket websocket,
                                                         const std::string& username,
                                                         const ConversationPtr& inbox) {
    // From here on, whatever throws: the membership takes out again what is in.
    Membership membership(*this, std::move(websocket));
    Member& member = *membership;
    if (!username.empty()) {
        auto user = std::make_unique<User>(User{name_key(username), username});
        member.user = users_.emplace(user->key, std::move(user)).first->second.get();
        Room::reserve_one(member.user->connections);
        member.user->connections.push_back(&member);
        if (inbox && !member.user->inbox.get()) {
            member.user->inbox = FollowedLog(inbox, [this, user = member.user](const auto& entry) {
                deliver(entry, user->inbox.get(), user->connections);
            });
        }
    }
    lobby_.add(member);
    return membership;
}
// [/connect]

// [disconnect]
void ConnectionManager::disconnect(Member& member) noexcept {
    while (!member.rooms.empty()) {
        leave_room(member, *member.rooms.front());
    }
    lobby_.remove(member);
    if (member.user != nullptr) {
        std::erase(member.user->connections, &member);
        if (member.user->connections.empty()) {
            users_.erase(users_.find(member.user->key));
        }
        member.user = nullptr;
    }
}
// [/disconnect]

void ConnectionManager::follow_lobby(const ConversationPtr& log) {
    lobby_.follow(log,
                  [this](const auto& entry) { deliver(entry, lobby_.log(), lobby_.members()); });
}

void ConnectionManager::reserve_frame(std::size_t payload) {
    frame_.reserve(payload + longest_number);
}

// [deliver]
void ConnectionManager::deliver(const chat_log::Entry& entry, const ConversationPtr& log,
                                const std::vector<Member*>& members) noexcept {
    write_numbered(entry, frame_);
    for (Member* const member : members) {
        if (member->backlog && member->backlog->has(*log)) {
            continue;
        }
        if (!member->websocket.is_behind()) {
            post(member->websocket, frame_);
            continue;
        }
        try {
            hold_back(*member, log).release(*log, entry.seq - 1);
        } catch (const std::exception&) {
            end_for_want_of_memory(member->websocket);
        }
    }
}
// [/deliver]

Backlog& ConnectionManager::hold_back(Member& member, const ConversationPtr& log) {
    if (!member.backlog) {
        member.backlog = std::make_shared<Backlog>(log_, member.websocket);
    }
    member.backlog->hold(log);
    return *member.backlog;
}

// [broadcast]
void ConnectionManager::broadcast(std::string_view message, const Member* exclude) const noexcept {
    broadcast_to_room(message, lobby_, exclude);
}

void ConnectionManager::broadcast_to_room(std::string_view message, const Room& room,
                                          const Member* exclude) const noexcept {
    for (const Member* const member : room.members()) {
        if (member != exclude) {
            post(member->websocket, message);
        }
    }
}
// [/broadcast]

void ConnectionManager::broadcast_volatile(std::string_view message, const Room& room,
                                           const Member* exclude) const noexcept {
    for (const Member* const member : room.members()) {
        if (member != exclude) {
            try {
                member->websocket.post_volatile_text(message);
            } catch (const std::exception&) {}  // as for a reader who is behind
        }
    }
}

// [send_to_user]
void ConnectionManager::send_to_user(std::string_view message, const User& user) const noexcept {
    for (const Member* const member : user.connections) {
        post(member->websocket, message);
    }
}
// [/send_to_user]

// [rooms]
std::pair<Room&, bool> ConnectionManager::join_room(Member& member, const std::string& name,
                                                    const ConversationPtr& log) {
    Room::reserve_one(member.rooms);
    auto made = std::make_unique<Room>(name_key(name), name);
    Room& room = *rooms_.emplace(made->key(), std::move(made)).first->second;
    try {
        if (!room.log()) {
            log->set_title(name);
            room.follow(log, [this, &room](const auto& entry) {
                deliver(entry, room.log(), room.members());
            });
        }
        const bool came = room.add(member);
        member.rooms.push_back(&room);
        return {room, came};
    } catch (const std::exception&) {
        forget_if_empty(room);
        throw;
    }
}

bool ConnectionManager::leave_room(Member& member, Room& room) noexcept {
    if (member.backlog) {
        member.backlog->drop(*room.log());
    }
    std::erase(member.rooms, &room);
    const bool left = room.remove(member) && room.size() > 0;
    forget_if_empty(room);
    return left;
}
// [/rooms]

void ConnectionManager::forget_if_empty(const Room& room) noexcept {
    if (room.size() == 0) {
        rooms_.erase(rooms_.find(room.key()));
    }
}

const User* ConnectionManager::find_user(std::string_view name) const {
    // Most names are their own key, and a lookup costs less than making one.
    auto user = users_.find(name);
    if (user == users_.end()) {
        const auto normalized = normalize_name(name);
        user = normalized ? users_.find(name_key(*normalized)) : users_.end();
    }
    return user == users_.end() ? nullptr : user->second.get();
}

std::vector<std::string> ConnectionManager::get_connected_users() const {
    std::vector<std::string> users;
    users.reserve(lobby_.users().size());
    for (const Room::Presence& presence : lobby_.users()) {
        users.push_back(presence.user->name);
    }
    return users;
}

ConnectionManager::Membership::Membership(ConnectionManager& manager, WebSocket websocket)
    : manager_(&manager), member_(std::make_unique<Member>(Member{std::move(websocket)})) {}

// [membership]
ConnectionManager::Membership::~Membership() {
    if (member_) {
        manager_->disconnect(*member_);
    }
}
// [/membership]

}  // namespace chat
