// The chat's frames: the only place that spells a key of their JSON.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chat {

/// The language of the texts that the server writes.
enum class Locale { zh_tw, en };

/// Why a frame from a client is refused.
enum class ErrorCode { invalid_format, unknown_type, user_offline, name_taken };

/// What a client may send.
struct ClientMessage {
    enum class Type { message, pong, heartbeat };
    Type type = Type::message;
    std::string message{};
    std::string timestamp{};                   ///< the client's, or the server's if it sent none
    std::optional<std::string> target_user{};  ///< set: a private message
    std::optional<std::string> username{};     ///< counts only where the path names no user
};

/// What came of a frame: the message, or else why it is refused.
struct Parsed {
    std::optional<ClientMessage> message{};
    ErrorCode error = ErrorCode::invalid_format;
};

/// Reads a frame from a client. Never throws for what a client may do.
Parsed parse_client_message(std::string_view frame);

/// Writes the frames of the server, each as one JSON text, in one language.
class Messages {
public:
    explicit Messages(Locale locale) : locale_(locale) {}

    std::string welcome(std::size_t connected_count) const;
    std::string welcome(std::string_view username, std::size_t connected_count,
                        const std::vector<std::string>& connected_users) const;
    /// `heartbeat_interval` in seconds.
    std::string welcome_with_heartbeat(std::string_view username, std::size_t connected_count,
                                       const std::vector<std::string>& connected_users,
                                       double heartbeat_interval) const;

    /// `username` is empty for a connection without a name.
    std::string join(std::string_view username, std::size_t connected_count) const;
    std::string leave(std::string_view username, std::size_t connected_count) const;

    std::string message(std::string_view username, const ClientMessage& from_client) const;
    std::string private_message(std::string_view from, const ClientMessage& from_client) const;
    std::string confirmation(std::string_view target_user, const ClientMessage& from_client) const;
    std::string ping() const;
    std::string heartbeat_ack() const;
    /// `username` is the user whom the error is about, if it is about one.
    std::string error(ErrorCode code, std::string_view username = {}) const;

private:
    Locale locale_;
};

}  // namespace chat
