#include "chat/elsewhere.hpp"

#include <algorithm>
#include <ranges>
#include <vector>

namespace chat {

using chat_hub::Event;
using chat_hub::Presence;

void Elsewhere::apply(const Event& event) {
    Shard& shard = shards_[event.shard];
    switch (event.kind) {
        case Event::Kind::enter:
            for (const Presence& presence : event.presences) {
                enter(shard, presence);
            }
            break;
        case Event::Kind::leave:
            for (const Presence& presence : event.presences) {
                leave(shard, presence);
            }
            break;
        case Event::Kind::state:
        case Event::Kind::gone:
            replace(shard, event);
            break;
        case Event::Kind::signal:
            break;
    }
    if (shard.empty()) {
        shards_.erase(event.shard);
    }
}

void Elsewhere::enter(Shard& shard, const Presence& presence) {
    const auto [place, is_new] = shard.try_emplace({presence.room, presence.user}, presence);
    if (!is_new) {
        place->second.connections += presence.connections;
    }
    entered_(presence);
}

void Elsewhere::leave(Shard& shard, const Presence& presence) {
    const auto place = shard.find({presence.room, presence.user});
    if (place == shard.end()) {
        return;
    }
    Presence gone = place->second;
    gone.connections = std::min(gone.connections, presence.connections);
    place->second.connections -= gone.connections;
    if (place->second.connections == 0) {
        shard.erase(place);
    }
    left_(gone);
}

// `gone` is a state of nobody.
void Elsewhere::replace(Shard& shard, const Event& state) {
    Shard now;
    if (state.kind == Event::Kind::state) {
        for (const Presence& presence : state.presences) {
            now[{presence.room, presence.user}] = presence;
        }
    }
    const auto difference = [](const Shard& from, const Shard& to) {
        std::vector<Presence> more;
        for (const auto& [place, presence] : to) {
            const auto before = from.find(place);
            const std::size_t known = before == from.end() ? 0 : before->second.connections;
            if (presence.connections > known) {
                more.push_back(presence);
                more.back().connections -= known;
            }
        }
        return more;
    };
    // Users who are in both must not go in between, so the new ones come first. The lobby's key is
    // the least of all.
    for (const Presence& presence : difference(shard, now)) {
        enter(shard, presence);
    }
    for (const Presence& presence : difference(now, shard) | std::views::reverse) {
        leave(shard, presence);
    }
}

}  // namespace chat
