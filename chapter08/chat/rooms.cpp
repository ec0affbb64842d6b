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
    make_room_for_one(users_);
    members_.push_back(&member);
    if (member.user == nullptr) {
        return true;
    }
    const auto known = std::ranges::find(users_, member.user, &Presence::user);
    if (known != users_.end()) {
        ++known->connections;
        return false;
    }
    users_.push_back({member.user, 1, ++last_number_});
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
    if (std::erase(members_, &member) == 0) {
        return false;
    }
    if (member.user == nullptr) {
        return true;
    }
    const auto known = std::ranges::find(users_, member.user, &Presence::user);
    if (--known->connections > 0) {
        return false;
    }
    users_.erase(known);
    return true;
}

}  // namespace chat
