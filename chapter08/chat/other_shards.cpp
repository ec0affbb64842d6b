#include "chat/other_shards.hpp"

#include <spdlog/spdlog.h>

#include <exception>
#include <map>
#include <string>
#include <utility>

namespace chat {

using chat_hub::Event;
using chat_hub::Presence;

namespace {

Presence make_place(const User* user, const Room& room) {
    Presence place{.room = room.key(), .room_name = room.name()};
    if (user != nullptr) {
        place.user = user->key;
        place.user_name = user->name;
    }
    return place;
}

}  // namespace

OtherShards::OtherShards(std::unique_ptr<chat_hub::Hub> hub, ConnectionManager& manager,
                         Notices& notices, Inboxes& inboxes)
    : hub_(std::move(hub)),
      manager_(manager),
      notices_(notices),
      inboxes_(inboxes),
      elsewhere_([this](const Presence& presence) { on_entered(presence); },
                 [this](const Presence& presence) { on_left(presence); }) {}

void OtherShards::start(const boost::asio::any_io_executor& executor) {
    if (hub_) {
        hub_->start(executor, *this);
    }
}

void OtherShards::stop() noexcept {
    if (hub_) {
        hub_->stop();
    }
}

std::optional<Presence> OtherShards::place_of(const Member& member, const Room& room) noexcept {
    if (!hub_) {
        return std::nullopt;
    }
    try {
        return make_place(member.user, room);
    } catch (const std::exception&) {
        owes_state_ = true;
        return std::nullopt;
    }
}

void OtherShards::tell_entered(const Member& member, const Room& room) noexcept {
    if (auto place = place_of(member, room)) {
        tell(Event::Kind::enter, std::move(*place));
    }
}

void OtherShards::tell_left(std::optional<Presence> place) noexcept {
    if (place) {
        tell(Event::Kind::leave, std::move(*place));
    }
}

void OtherShards::tell(Event::Kind kind, Presence place) {
    try {
        Event event{.kind = kind, .shard = hub_->shard()};
        if (owes_state_) {
            event.kind = Event::Kind::state;
            event.presences = own_presences();
        } else {
            event.presences.push_back(std::move(place));
        }
        hub_->publish(std::move(event));
        owes_state_ = false;
        ++manager_.activity().events_told;
    } catch (const std::exception&) {
        owes_state_ = true;
    }
}

void OtherShards::tell_signal(const Room& room, std::string_view text) noexcept {
    if (!hub_) {
        return;
    }
    try {
        hub_->publish({.kind = Event::Kind::signal,
                       .shard = hub_->shard(),
                       .room = room.key(),
                       .text = std::string(text)});
        ++manager_.activity().events_told;
    } catch (const std::exception&) {}  // it's worth nothing later
}

void OtherShards::on_event(const Event& event) noexcept {
    if (hub_ && event.shard == hub_->shard()) {
        return;
    }
    ++manager_.activity().events_received;
    try {
        if (event.kind == Event::Kind::signal) {
            on_signal(event);
        } else {
            elsewhere_.apply(event);
        }
    } catch (const std::exception& error) {
        spdlog::error("an event from another shard was lost: {}", error.what());
    }
}

std::vector<Presence> OtherShards::own_presences() const {
    std::map<std::pair<const Room*, const User*>, std::size_t> connections;
    for (const Member* const member : manager_.lobby().members()) {
        ++connections[{&manager_.lobby(), member->user}];
        for (const Room* const room : member->rooms) {
            ++connections[{room, member->user}];
        }
    }
    std::vector<Presence> presences;
    presences.reserve(connections.size());
    for (const auto& [place, count] : connections) {
        presences.push_back(make_place(place.second, *place.first));
        presences.back().connections = count;
    }
    return presences;
}

void OtherShards::on_entered(const Presence& presence) {
    if (const Room* const room = manager_.enter_elsewhere(presence)) {
        notices_.came(*room, presence.user_name);
    }
}

void OtherShards::on_left(const Presence& presence) {
    if (const Room* const room = manager_.leave_elsewhere(presence)) {
        notices_.left(*room, presence.user_name);
        if (presence.room.empty() && !presence.user.empty()) {
            inboxes_.leave(presence.user);
        }
    }
}

void OtherShards::on_signal(const Event& signal) const {
    if (signal.room.empty()) {
        manager_.broadcast_volatile(signal.text, manager_.lobby());
        return;
    }
    const auto room = manager_.rooms().find(signal.room);
    if (room != manager_.rooms().end()) {
        manager_.broadcast_volatile(signal.text, *room->second);
    }
}

}  // namespace chat
