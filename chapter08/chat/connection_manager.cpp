#include "chat/connection_manager.hpp"

#include "chat/backlog.hpp"
#include "chat/history_frame.hpp"
#include "chat/names.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace chat {

namespace {

void post(const Line& line, const Frame& frame) noexcept {
    try {
        line.post(frame);
    } catch (const std::exception&) {
        end_for_want_of_memory(line);
    }
}

}  // namespace

void end_for_want_of_memory(const Line& line) noexcept {
    try {
        line.post_close(beastapi::close_code::internal_error, "Out of memory");
    } catch (const std::exception&) {
        spdlog::error("a message was lost: out of memory");
    }
}

// [connect]
ConnectionManager::Membership ConnectionManager::connect(Line line, const std::string& username,
                                                         const ConversationPtr& inbox) {
    // From here on, whatever throws: the membership takes out again what is in.
    Membership membership(*this, std::move(line));
    Member& member = *membership;
    if (!username.empty()) {
        auto made = std::make_unique<User>(User{name_key(username), username});
        User& user = *users_.emplace(made->key, std::move(made)).first->second;
        member.user = &user;
        Room::reserve_one(user.connections);
        user.connections.push_back(&member);
        if (inbox && !user.inbox.get()) {
            user.inbox = FollowedLog(
                inbox,
                [this, &user](const auto& entry) {
                    deliver(entry, user.inbox.get(), user.connections);
                },
                [this, &user] { announce_beginning(user.inbox.get(), user.connections); });
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
        User& user = *std::exchange(member.user, nullptr);
        std::erase(user.connections, &member);
        if (user.connections.empty()) {
            user.inbox = FollowedLog();
        }
        forget_if_gone(user);
    }
}
// [/disconnect]

void ConnectionManager::follow_lobby(const ConversationPtr& log) {
    follow(lobby_, log);
}

void ConnectionManager::follow(Room& room, const ConversationPtr& log) {
    room.follow(
        log, [this, &room](const auto& entry) { deliver(entry, room.log(), room.members()); },
        [this, &room] { announce_beginning(room.log(), room.members()); });
}

void ConnectionManager::reserve_frame(std::size_t payload) {
    frame_.reserve(payload + longest_number);
}

// [deliver]
void ConnectionManager::deliver(const chat_log::Entry& entry, const ConversationPtr& log,
                                const std::vector<Member*>& members) noexcept {
    write_numbered(entry, frame_);
    const Frame frame(frame_, mark_of(*log, entry.seq));
    activity_.recipients.observe(members.size());
    for (Member* const member : members) {
        if (member->backlog && member->backlog->has(*log)) {
            continue;
        }
        if (!member->line.is_behind()) {
            post(member->line, frame);
            continue;
        }
        try {
            hold_back(*member, log).release(*log, entry.seq - 1);
        } catch (const std::exception&) {
            end_for_want_of_memory(member->line);
        }
    }
}
// [/deliver]

void ConnectionManager::announce_beginning(const ConversationPtr& log,
                                           const std::vector<Member*>& members) noexcept {
    for (Member* const member : members) {
        try {
            backlog_of(*member).begin_anew(log);
        } catch (const std::exception&) {
            end_for_want_of_memory(member->line);
        }
    }
}

Backlog& ConnectionManager::hold_back(Member& member, const ConversationPtr& log) {
    Backlog& backlog = backlog_of(member);
    backlog.hold(log);
    return backlog;
}

Backlog& ConnectionManager::backlog_of(Member& member) {
    if (!member.backlog) {
        member.backlog = std::make_shared<Backlog>(log_, member.line);
    }
    return *member.backlog;
}

// [broadcast]
void ConnectionManager::broadcast(std::string_view message, const Member* exclude) const noexcept {
    broadcast_to_room(message, lobby_, exclude);
}

void ConnectionManager::broadcast_to_room(std::string_view message, const Room& room,
                                          const Member* exclude) const noexcept {
    const Frame frame(message);
    for (const Member* const member : room.members()) {
        if (member != exclude) {
            post(member->line, frame);
        }
    }
}
// [/broadcast]

void ConnectionManager::broadcast_volatile(std::string_view message, const Room& room,
                                           const Member* exclude) const noexcept {
    const Frame frame(message);
    for (const Member* const member : room.members()) {
        if (member != exclude) {
            try {
                member->line.post_volatile(frame);
            } catch (const std::exception&) {}  // as for a reader who is behind
        }
    }
}

// [send_to_user]
void ConnectionManager::send_to_user(std::string_view message, const User& user) const noexcept {
    const Frame frame(message);
    for (const Member* const member : user.connections) {
        post(member->line, frame);
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
            follow(room, log);
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
    if (room.members().empty()) {
        room.unfollow();
    }
    forget_if_empty(room);
    return left;
}
// [/rooms]

// [elsewhere]
const Room* ConnectionManager::enter_elsewhere(const chat_hub::Presence& presence) {
    User* user = nullptr;
    if (!presence.user.empty()) {
        auto made = std::make_unique<User>(User{presence.user, presence.user_name});
        user = users_.emplace(made->key, std::move(made)).first->second.get();
    }
    Room* room = &lobby_;
    try {
        if (!presence.room.empty()) {
            auto made = std::make_unique<Room>(presence.room, presence.room_name);
            room = rooms_.emplace(made->key(), std::move(made)).first->second.get();
        }
        const bool came = room->add_elsewhere(user, presence.connections);
        if (user != nullptr && room == &lobby_) {
            user->elsewhere += presence.connections;
        }
        return came ? room : nullptr;
    } catch (const std::exception&) {
        if (room != &lobby_) {
            forget_if_empty(*room);
        }
        if (user != nullptr) {
            forget_if_gone(*user);
        }
        throw;
    }
}

const Room* ConnectionManager::leave_elsewhere(const chat_hub::Presence& presence) noexcept {
    const auto found_user = users_.find(presence.user);
    User* const user = found_user == users_.end() ? nullptr : found_user->second.get();
    const auto found_room = rooms_.find(presence.room);
    Room* room = found_room == rooms_.end() ? nullptr : found_room->second.get();
    if (presence.room.empty()) {
        room = &lobby_;
    }
    if (room == nullptr || (user == nullptr && !presence.user.empty())) {
        return nullptr;
    }
    const bool left = room->remove_elsewhere(user, presence.connections);
    if (room != &lobby_) {
        const bool is_left = room->size() > 0;
        forget_if_empty(*room);
        return left && is_left ? room : nullptr;
    }
    if (user != nullptr) {
        user->elsewhere -= std::min(user->elsewhere, presence.connections);
        forget_if_gone(*user);
    }
    return left ? room : nullptr;
}
// [/elsewhere]

void ConnectionManager::forget_if_gone(const User& user) noexcept {
    if (user.connection_count() == 0) {
        users_.erase(users_.find(user.key));
    }
}

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

ConnectionManager::Membership::Membership(ConnectionManager& manager, Line line)
    : manager_(&manager), member_(std::make_unique<Member>(Member{std::move(line)})) {}

// [membership]
ConnectionManager::Membership::~Membership() {
    if (member_) {
        manager_->disconnect(*member_);
    }
}
// [/membership]

}  // namespace chat
