// Who is connected, and how messages reach them: the tutorial's `ConnectionManager`.
#pragma once

#include "chat/activity.hpp"
#include "chat/line.hpp"
#include "chat/rooms.hpp"
#include "hub/event.hpp"
#include "log/log.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace chat {

/// The connections of one shard, their names and their rooms. It knows no texts and no rules: what
/// is said, and who may say it, is the session's. Of the connections at other shards it knows who
/// they are and where: they count, and are listed, but nothing is sent to them from here.
///
/// Nothing in it waits: a broadcast puts the same text into the outbox of each member and returns,
/// so the members cannot change while it goes over them, and all see one order.
///
/// When memory runs out: connect() and join_room() throw and leave everything as it was.
/// disconnect(), leave_room() and what delivers never throw. A connection whose outbox cannot take
/// a message is closed with 1011 (Internal Error) instead, and the others get theirs.
class ConnectionManager {
public:
    class Membership;

    /// `log` has to outlive it.
    explicit ConnectionManager(chat_log::Log& log) : log_(log) {}
    ConnectionManager(const ConnectionManager&) = delete;
    ConnectionManager& operator=(const ConnectionManager&) = delete;

    /// Takes an accepted connection into the chat, under a name as chat::normalize_name() gives it,
    /// or without one. What comes back is the membership: when that goes out of scope, however the
    /// handler ends, disconnect() is called; Python needs `finally`. `inbox` is the user's, if this
    /// is its first connection; null: nobody can write to the user.
    Membership connect(Line line, const std::string& username = {},
                       const ConversationPtr& inbox = nullptr);

    /// What is stored in that log from now on is sent to everyone.
    void follow_lobby(const ConversationPtr& log);

    /// Takes the connection out of its rooms and of the chat.
    void disconnect(Member& member) noexcept;

    /// Sets the memory aside that is needed to send a message whose payload in the log has that
    /// size. Its sender does that before the message is stored: so it alone bears the want.
    void reserve_frame(std::size_t payload);

    /// Sends to everyone, the sender included, but not to `exclude`.
    void broadcast(std::string_view message, const Member* exclude = nullptr) const noexcept;

    /// Sends to each connection of that user.
    void send_to_user(std::string_view message, const User& user) const noexcept;

    /// Sends to everyone in the room but `exclude`.
    void broadcast_to_room(std::string_view message, const Room& room,
                           const Member* exclude = nullptr) const noexcept;

    /// The same, but leaves out a reader that is behind: for what is worthless when it's late.
    void broadcast_volatile(std::string_view message, const Room& room,
                            const Member* exclude = nullptr) const noexcept;

    /// Takes the connection into the room of that name, which chat::normalize_name() has given, and
    /// in which it is not yet. With the room comes whether it is the first connection there of its
    /// user. What is stored in `log` from now on is sent to the room.
    std::pair<Room&, bool> join_room(Member& member, const std::string& name,
                                     const ConversationPtr& log);

    /// From now on the member gets what is said in that conversation from its backlog, which holds
    /// it back until Backlog::release().
    Backlog& hold_back(Member& member, const ConversationPtr& log);

    /// Takes the connection out of the room. True if others are left there, who have seen the last
    /// of its user; the room is gone if it was the last of all.
    bool leave_room(Member& member, Room& room) noexcept;

    /// Connections of another shard come, or leave. What comes back is the room, or the lobby, if a
    /// user comes there, or leaves it, with them; else null. Each connection without a name counts
    /// as somebody. If memory runs out, enter_elsewhere() throws and changes nothing.
    const Room* enter_elsewhere(const chat_hub::Presence& presence);
    const Room* leave_elsewhere(const chat_hub::Presence& presence) noexcept;

    /// The user of that name, or of one that is the same name; null if there is none.
    const User* find_user(std::string_view name) const;

    /// Everyone is in the lobby. The other rooms have somebody in them: an empty room is forgotten,
    /// and costs nothing. They are in the order of their keys (chat::name_key()).
    using Rooms = std::map<std::string_view, std::unique_ptr<Room>>;
    const Room& lobby() const noexcept { return lobby_; }
    const Rooms& rooms() const noexcept { return rooms_; }

    bool is_connected(std::string_view username) const { return find_user(username) != nullptr; }
    std::size_t get_connection_count() const noexcept { return lobby_.size(); }

    /// What this shard counts.
    Activity& activity() noexcept { return activity_; }
    const Activity& activity() const noexcept { return activity_; }

    /// Each name once, in the order in which they came.
    std::vector<std::string> get_connected_users() const;

private:
    /// Sends what was stored to those members. One that is behind gets it from the log later.
    void deliver(const chat_log::Entry& entry, const ConversationPtr& log,
                 const std::vector<Member*>& members) noexcept;
    /// Tells those members that the log has started over.
    void announce_beginning(const ConversationPtr& log,
                            const std::vector<Member*>& members) noexcept;
    void follow(Room& room, const ConversationPtr& log);
    Backlog& backlog_of(Member& member);
    void forget_if_empty(const Room& room) noexcept;
    void forget_if_gone(const User& user) noexcept;

    chat_log::Log& log_;
    std::string frame_;  // that is being sent; keeps its memory
    Activity activity_;
    Room lobby_{"", ""};
    Rooms rooms_;
    std::unordered_map<std::string_view, std::unique_ptr<User>> users_;  // by User::key
};

/// Closes a connection for which there is no memory with 1011 (Internal Error): a message must not
/// go missing unnoticed.
void end_for_want_of_memory(const Line& line) noexcept;

/// Keeps a connection in the chat for as long as it lives.
class [[nodiscard]] ConnectionManager::Membership {
public:
    Membership(Membership&&) noexcept = default;
    Membership& operator=(Membership&&) = delete;
    ~Membership();

    /// False once it has been moved from.
    explicit operator bool() const noexcept { return member_ != nullptr; }
    Member& operator*() const noexcept { return *member_; }
    Member* operator->() const noexcept { return member_.get(); }

private:
    friend class ConnectionManager;
    Membership(ConnectionManager& manager, Line line);

    ConnectionManager* manager_;
    std::unique_ptr<Member> member_;
};

}  // namespace chat
