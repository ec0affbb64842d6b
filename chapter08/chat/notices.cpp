#include "chat/notices.hpp"

#include <spdlog/spdlog.h>

#include <exception>
#include <utility>

namespace chat {

namespace {

/// Adds somebody to one side, unless the other side has them: then both cancel out.
void note(std::set<std::string, std::less<>>& side, std::set<std::string, std::less<>>& other,
          std::string_view username) {
    const auto opposite = other.find(username);
    if (opposite == other.end()) {
        side.emplace(username);
    } else {
        other.erase(opposite);
    }
}

void note_nameless(std::size_t& side, std::size_t& other) {
    if (other == 0) {
        ++side;
    } else {
        --other;
    }
}

bool has_something(const Changes& changes) {
    return !changes.joined.empty() || !changes.left.empty() || changes.nameless_joined > 0 ||
           changes.nameless_left > 0;
}

}  // namespace

void Notices::start(const boost::asio::any_io_executor& executor) {
    timer_.emplace(executor);
}

void Notices::stop() noexcept {
    timer_.reset();
    intervals_.clear();
}

std::size_t Notices::told_at_once(const Room& room) const {
    const auto known = intervals_.find(room.key());
    const std::size_t frames = known == intervals_.end() ? 0 : known->second.frames;
    const bool gathers = known != intervals_.end() && known->second.changes;
    return timer_ && (gathers || frames + room.size() > frames_at_once) ? 0 : room.size();
}

void Notices::came(const Room& room, std::string_view username, const Member* exclude) {
    Interval& interval = interval_of(room);
    if (tells_at_once(interval, room)) {
        const std::string notice = room.key().empty()
                                       ? messages_.join(username, room.size())
                                       : messages_.join_room(username, room.name(), room.size());
        manager_.broadcast_to_room(notice, room, exclude);
    } else if (username.empty()) {
        note_nameless(interval.changes->nameless_joined, interval.changes->nameless_left);
    } else {
        note(interval.changes->joined, interval.changes->left, username);
    }
}

void Notices::left(const Room& room, std::string_view username) noexcept {
    try {
        Interval& interval = interval_of(room);
        if (tells_at_once(interval, room)) {
            const std::string notice =
                room.key().empty() ? messages_.leave(username, room.size())
                                   : messages_.leave_room(username, room.name(), room.size());
            manager_.broadcast_to_room(notice, room);
        } else if (username.empty()) {
            note_nameless(interval.changes->nameless_left, interval.changes->nameless_joined);
        } else {
            note(interval.changes->left, interval.changes->joined, username);
        }
    } catch (const std::exception& error) {
        spdlog::error("a leave notice was not sent: {}", error.what());
    }
}

bool Notices::tells_at_once(Interval& interval, const Room& room) {
    if (told_at_once(room) > 0 || room.size() == 0) {
        interval.frames += room.size();
        return true;
    }
    if (!interval.changes) {
        interval.changes.emplace();
    }
    return false;
}

Notices::Interval& Notices::interval_of(const Room& room) {
    if (timer_ && intervals_.empty()) {
        wait();
    }
    return intervals_[room.key()];
}

void Notices::wait() {
    timer_->expires_after(interval_);
    timer_->async_wait([this](const boost::system::error_code& error) {
        if (!error) {
            end_interval();
        }
    });
}

// What is told now counts for the interval that begins.
void Notices::end_interval() noexcept {
    try {
        std::map<std::string, Interval> ended = std::exchange(intervals_, {});
        for (const auto& [key, interval] : ended) {
            const Room* const room = find(key);
            if (room != nullptr && interval.changes && has_something(*interval.changes)) {
                interval_of(*room).frames += room->size();
                manager_.broadcast_to_room(messages_.presence(*room, *interval.changes), *room);
            }
        }
    } catch (const std::exception& error) {
        spdlog::error("a notice of who came and left could not be sent: {}", error.what());
    }
}

const Room* Notices::find(const std::string& key) const {
    if (key.empty()) {
        return &manager_.lobby();
    }
    const auto room = manager_.rooms().find(key);
    return room == manager_.rooms().end() ? nullptr : room->second.get();
}

}  // namespace chat
