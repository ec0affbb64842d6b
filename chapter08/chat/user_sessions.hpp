// How many sessions each user has at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>

namespace chat {

/// Gives each user so many places. All of them have to be free again before it ends.
class UserSessions {
    using Counts = std::unordered_map<std::string, std::size_t>;
    struct Release {
        Counts* counts;
        void operator()(Counts::value_type* user) const noexcept {
            if (--user->second == 0) {
                counts->erase(counts->find(user->first));
            }
        }
    };

public:
    /// The place of one session, which is free again when this ends.
    using Slot = std::unique_ptr<Counts::value_type, Release>;

    /// `limit` of 0: no limit.
    explicit UserSessions(std::size_t limit) : limit_(limit) {}
    UserSessions(const UserSessions&) = delete;
    UserSessions& operator=(const UserSessions&) = delete;

    /// A place for a session of that user, whose name is a chat::name_key(); null if they are all
    /// taken.
    Slot acquire(const std::string& user) {
        auto& count = *counts_.try_emplace(user, 0).first;
        if (limit_ > 0 && count.second >= limit_) {
            return Slot(nullptr, Release{&counts_});
        }
        ++count.second;
        return Slot(&count, Release{&counts_});
    }

private:
    std::size_t limit_;
    Counts counts_;
};

}  // namespace chat
