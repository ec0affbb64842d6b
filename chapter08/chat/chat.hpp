// What the sessions of one thread share.
#pragma once

#include "beastapi/awaitable.hpp"
#include "beastapi/refusals.hpp"
#include "chat/authenticator.hpp"
#include "chat/chat_settings.hpp"
#include "chat/connection_manager.hpp"
#include "chat/directory.hpp"
#include "chat/inboxes.hpp"
#include "chat/line.hpp"
#include "chat/meeting.hpp"
#include "chat/messages.hpp"
#include "chat/notices.hpp"
#include "chat/other_shards.hpp"
#include "chat/position.hpp"
#include "chat/token_expiry.hpp"
#include "chat/user_sessions.hpp"
#include "log/log.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <optional>
#include <string>

namespace chat {

class Session;

/// What a token gives to a session, for as long as both last.
struct TokenGrant {
    std::string user;  ///< whose token it is
    UserSessions::Slot slot;
    TokenExpiry expiry;
};

/// The chat of one shard. It belongs to main(), and has to outlive App::run().
class Chat {
public:
    /// The only shard. Throws chat_log::DatabaseError if ChatSettings::database can't be used.
    explicit Chat(ChatSettings settings = {});
    /// One of several.
    Chat(ChatSettings settings, Meeting meeting);
    Chat(const Chat&) = delete;
    Chat& operator=(const Chat&) = delete;

    /// Before the first connection comes, and after the last one has ended. In between the log
    /// answers on that executor: see App::set_lifespan().
    void start(const boost::asio::any_io_executor& executor);
    void stop() noexcept;

    /// False until the log could be read for the first time: a client that comes earlier is turned
    /// away.
    beastapi::awaitable<bool> is_ready();

    /// Accepts the connection and lets it take part in the chat, without a name if `username` is
    /// not given. The others are told when a user's first connection comes.
    ///
    /// Throws WebSocketDisconnect if the client has disconnected, its name is not valid, tokens
    /// give the names and it has none for this one, or its user has too many sessions: then it was
    /// closed with 1008 (Policy Violation), after the handshake, so that a browser can read why.
    /// The same with 1013 (Try Again Later), if the client cannot pay for being announced, or if
    /// what was said can't be read now. When the token runs out, the connection is closed so, too.
    beastapi::awaitable<Session> connect(Line line, std::optional<std::string> username = {});

    const ChatSettings& settings() const noexcept { return settings_; }
    const Messages& messages() const noexcept { return messages_; }
    /// What the chat has refused.
    beastapi::Refusals& refusals() noexcept { return refusals_; }
    Authenticator& authenticator() noexcept { return authenticator_; }
    ConnectionManager& manager() noexcept { return manager_; }
    chat_log::Log& log() noexcept { return *log_; }
    /// What `/ws/status` tells, see Directory::status(). `server` has to outlive it.
    beastapi::awaitable<std::string> status(bool named, std::size_t page,
                                            const beastapi::Refusals& server);
    Directory& directory() noexcept { return directory_; }
    Notices& notices() noexcept { return notices_; }
    OtherShards& others() noexcept { return others_; }
    /// The streams of all shards of this process, for what is posted to them.
    const std::shared_ptr<EventLines>& event_lines() const noexcept { return event_lines_; }

    /// Takes a connection out of the chat, or of a room, and tells who is left. Never throws: a
    /// notice for which there's no memory isn't sent, and the log says so.
    void leave(Member& member, bool announced) noexcept;
    void leave_room(Member& member, Room& room) noexcept;

private:
    beastapi::awaitable<bool> open_lobby(std::optional<Position> position);
    beastapi::awaitable<ConversationPtr> open_inbox(const Line& line, const std::string& username);
    std::unique_ptr<TokenGrant> grant(const Line& line,
                                      const boost::asio::any_io_executor& executor,
                                      const TokenClaims& claims);

    ChatSettings settings_;
    Messages messages_;
    beastapi::Refusals refusals_;
    Authenticator authenticator_;
    std::unique_ptr<chat_log::Log> log_;
    ConnectionManager manager_{*log_};
    Inboxes inboxes_{*log_, settings_.resume_window};
    Notices notices_{manager_, messages_, settings_.presence_interval};
    OtherShards others_;
    std::shared_ptr<UserSessions> sessions_;
    std::shared_ptr<EventLines> event_lines_;
    std::shared_ptr<Neighbours> neighbours_;
    Directory directory_{manager_, settings_, refusals_};
};

}  // namespace chat
