// The frames that the server writes, by the table of server_frames.hpp.
#pragma once

#include "chat/client_message.hpp"
#include "chat/rooms.hpp"
#include "log/entry.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace chat {

/// The language of the texts that the server writes.
enum class Locale { zh_tw, en };

/// Who came to a room and who left it in some time. Somebody who did both is neither.
struct Changes {
    std::set<std::string, std::less<>> joined{};
    std::set<std::string, std::less<>> left{};
    std::size_t nameless_joined = 0;
    std::size_t nameless_left = 0;
};

/// How many names a notice of changes has at most, of each kind.
constexpr std::size_t max_names_of_changes = 20;

/// Writes the frames of the server, each as one JSON text, in one language.
class Messages {
public:
    explicit Messages(Locale locale) : locale_(locale) {}

    std::string welcome(std::size_t connected_count) const;
    std::string welcome(std::string_view username, std::size_t connected_count,
                        const NamePage& connected_users) const;
    /// `heartbeat_interval` in seconds.
    std::string welcome_with_heartbeat(std::string_view username, std::size_t connected_count,
                                       const NamePage& connected_users,
                                       double heartbeat_interval) const;

    /// `username` is empty for a connection without a name.
    std::string join(std::string_view username, std::size_t connected_count) const;
    std::string leave(std::string_view username, std::size_t connected_count) const;
    std::string join_room(std::string_view username, std::string_view room,
                          std::size_t member_count) const;
    std::string leave_room(std::string_view username, std::string_view room,
                           std::size_t member_count) const;
    /// All of some time in one.
    std::string presence(const Room& room, const Changes& changes) const;

    /// `frame` with where its log is, which a welcome and a joined have.
    static std::string with_position(std::string frame, const chat_log::Conversation& log);
    static std::string with_inbox(std::string frame, const chat_log::Conversation& inbox);
    /// The same with what a POST has to name.
    static std::string with_session(std::string frame, std::string_view session);

    /// A page of names that is not the last says so, and how to ask for the next.
    std::string joined(std::string_view room, const NamePage& members,
                       std::size_t member_count) const;
    std::string left(std::string_view room) const;
    std::string users(const NamePage& users, std::size_t connected_count) const;
    std::string users_of_room(std::string_view room, const NamePage& users,
                              std::size_t member_count) const;
    /// `room` is empty for the lobby.
    std::string typing(std::string_view username, std::string_view room) const;

    std::string message(std::string_view username, const ClientMessage& from_client,
                        std::string_view room = {}) const;
    std::string private_message(std::string_view from, const ClientMessage& from_client) const;
    std::string confirmation(std::string_view target_user, const ClientMessage& from_client,
                             const chat_log::Receipt& receipt) const;
    /// `room` is empty for the lobby.
    std::string ack(std::string_view id, std::string_view room,
                    const chat_log::Receipt& receipt) const;
    std::string refreshed(std::chrono::seconds expires_in) const;
    std::string ping() const;
    std::string heartbeat_ack() const;
    /// `subject` is the user or the room that the error is about, if it is about one.
    std::string error(ErrorCode code, std::string_view subject = {}) const;
    /// An error with the id of the message that it is about, if that has one.
    static std::string about(std::string error, const ClientMessage& from_client) {
        return about(std::move(error), from_client.id);
    }
    static std::string about(std::string error, std::string_view id);
    std::string rate_limited(std::chrono::milliseconds retry_after) const;
    /// `limit` in code points.
    std::string text_too_long(std::size_t limit) const;

private:
    Locale locale_;
};

}  // namespace chat
