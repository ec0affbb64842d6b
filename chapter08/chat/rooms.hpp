// Users, their connections, and the rooms that these are in. Flask-SocketIO has rooms built in;
// with FastAPI one writes `rooms: dict[str, set]`.
#pragma once

#include "chat/line.hpp"
#include "log/conversation.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chat {

using chat_log::ConversationPtr;

class Backlog;
class Room;
struct Member;

/// The log of a room or of an inbox, followed for as long as this lives.
class FollowedLog {
public:
    FollowedLog() = default;
    FollowedLog(ConversationPtr log, chat_log::Conversation::Follower follower,
                std::function<void()> begun_anew)
        : log_(std::move(log)) {
        log_->follow(std::move(follower), std::move(begun_anew));
    }
    FollowedLog(FollowedLog&&) noexcept = default;
    FollowedLog& operator=(FollowedLog&& other) noexcept {
        std::swap(log_, other.log_);
        return *this;
    }
    ~FollowedLog() {
        if (log_) {
            log_->follow({});
        }
    }

    const ConversationPtr& get() const noexcept { return log_; }

private:
    ConversationPtr log_;
};

/// One name in the chat, with each connection that it has.
struct User {
    std::string key;   ///< chat::name_key() of the name
    std::string name;  ///< as the connection that came first wrote it
    std::vector<Member*> connections{};
    std::size_t elsewhere = 0;  ///< connections at other shards
    FollowedLog inbox{};        ///< empty while the log can't be written, and without a connection

    std::size_t connection_count() const noexcept { return connections.size() + elsewhere; }
};

/// One connection in the chat.
struct Member {
    Line line;
    User* user = nullptr;  ///< null without a name
    std::chrono::steady_clock::time_point came = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point last_activity = came;
    std::vector<Room*> rooms{};          ///< in the order in which it joined them
    std::shared_ptr<Backlog> backlog{};  ///< null if it has always had everything at once

    /// Empty for a connection without a name.
    std::string_view username() const noexcept {
        return user == nullptr ? std::string_view() : user->name;
    }
};

/// Some of the users in a room, in the order in which they came.
struct NamePage {
    std::vector<std::string_view> names{};
    std::uint64_t next = 0;  ///< what to ask for the page behind it with; 0: this is the last
};

/// The members who hear each other: those of a room, or all of the chat, who are in the lobby.
class Room {
public:
    /// A user who is in the room while one of their connections is.
    struct Presence {
        const User* user;
        std::size_t connections;
        std::uint64_t number;  ///< grows with each user who comes
    };

    Room(std::string key, std::string name) : key_(std::move(key)), name_(std::move(name)) {}

    /// chat::name_key() of its name; empty for the lobby.
    const std::string& key() const noexcept { return key_; }
    /// As the connection that came first wrote it; empty for the lobby.
    const std::string& name() const noexcept { return name_; }
    /// What was said in it; null before it is known, and while all members are elsewhere.
    const ConversationPtr& log() const noexcept { return log_.get(); }
    void follow(ConversationPtr log, chat_log::Conversation::Follower follower,
                std::function<void()> begun_anew) {
        log_ = FollowedLog(std::move(log), std::move(follower), std::move(begun_anew));
    }
    void unfollow() noexcept { log_ = FollowedLog(); }
    /// The connections of this shard, in the order in which they came.
    const std::vector<Member*>& members() const noexcept { return members_; }
    /// The users of all shards, in the order in which they came.
    const std::vector<Presence>& users() const noexcept { return users_; }
    /// How many connections are in it, at all shards.
    std::size_t size() const noexcept { return members_.size() + elsewhere_; }

    /// The first `limit` users of those who came after the one in whose page `next` was `after`; 0
    /// for the first of all. Who comes or goes in between moves nobody to another page.
    NamePage names(std::size_t limit, std::uint64_t after = 0) const;

    /// Takes in a member who is not in it. True for the first connection of its user, and for each
    /// without a name. If memory runs out, it throws and changes nothing.
    bool add(Member& member);

    /// True if no connection of the member's user is left in it. Does nothing, and returns false,
    /// for a member who is not in it.
    bool remove(const Member& member) noexcept;

    /// The same for so many connections of another shard. `user` is null if they have no name.
    bool add_elsewhere(const User* user, std::size_t connections);
    bool remove_elsewhere(const User* user, std::size_t connections) noexcept;

    /// Makes room for one more, so that the next push_back() cannot throw.
    template <class T>
    static void reserve_one(std::vector<T>& items) {
        if (items.size() == items.capacity()) {
            items.reserve(items.empty() ? 1 : items.size() * 2);
        }
    }

private:
    bool add(const User* user, std::size_t connections);
    bool remove(const User* user, std::size_t connections) noexcept;

    std::string key_;
    std::string name_;
    std::vector<Member*> members_;
    std::size_t elsewhere_ = 0;
    std::vector<Presence> users_;
    std::uint64_t last_number_ = 0;
    FollowedLog log_;
};

}  // namespace chat
