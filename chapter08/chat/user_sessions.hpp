// How many sessions each user has at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace chat {

/// Gives each user so many places, which all shards of a process share: it may be used by several
/// threads. All places have to be free again before it ends.
class UserSessions {
    using Counts = std::unordered_map<std::string, std::size_t>;
    struct Release {
        UserSessions* sessions;
        void operator()(Counts::value_type* user) const noexcept { sessions->release(*user); }
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
        const std::lock_guard lock(mutex_);
        auto& count = *counts_.try_emplace(user, 0).first;
        if (limit_ > 0 && count.second >= limit_) {
            return Slot(nullptr, Release{this});
        }
        ++count.second;
        return Slot(&count, Release{this});
    }

private:
    void release(Counts::value_type& user) noexcept {
        const std::lock_guard lock(mutex_);
        if (--user.second == 0) {
            counts_.erase(counts_.find(user.first));
        }
    }

    std::size_t limit_;
    std::mutex mutex_;
    Counts counts_;
};

}  // namespace chat
