#include "chat/rooms.hpp"

#include <algorithm>

namespace chat {

namespace {

/// Makes room for one more, so that the next push_back() cannot throw.
template <class T>
void make_room_for_one(std::vector<T>& items) {
    if (items.size() == items.capacity()) {
        items.reserve(std::max<std::size_t>(4, items.size() * 2));
    }
}

}  // namespace

bool Room::add(Member& member) {
    make_room_for_one(members_);
    const bool came = add(member.user, 1);
    members_.push_back(&member);
    return came;
}

bool Room::add_elsewhere(const User* user, std::size_t connections) {
    const bool came = add(user, connections);
    elsewhere_ += connections;
    return came;
}

bool Room::add(const User* user, std::size_t connections) {
    if (user == nullptr) {
        return true;
    }
    const auto known = std::ranges::find(users_, user, &Presence::user);
    if (known != users_.end()) {
        known->connections += connections;
        return false;
    }
    make_room_for_one(users_);
    users_.push_back({user, connections, ++last_number_});
    return true;
}

NamePage Room::names(std::size_t limit, std::uint64_t after) const {
    NamePage page;
    auto user = std::ranges::upper_bound(users_, after, {}, &Presence::number);
    for (; user != users_.end() && page.names.size() < limit; ++user) {
        page.names.push_back(user->user->name);
        page.next = user->number;
    }
    if (user == users_.end()) {
        page.next = 0;
    }
    return page;
}

bool Room::remove(const Member& member) noexcept {
    return std::erase(members_, &member) > 0 && remove(member.user, 1);
}

bool Room::remove_elsewhere(const User* user, std::size_t connections) noexcept {
    elsewhere_ -= std::min(elsewhere_, connections);
    return remove(user, connections);
}

bool Room::remove(const User* user, std::size_t connections) noexcept {
    if (user == nullptr) {
        return true;
    }
    const auto known = std::ranges::find(users_, user, &Presence::user);
    if (known == users_.end()) {
        return false;
    }
    if (known->connections > connections) {
        known->connections -= connections;
        return false;
    }
    users_.erase(known);
    return true;
}

}  // namespace chat
