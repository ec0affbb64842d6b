// One member's view of the chat: a frame in, what it asks for, whether that may be, and the answer.
#pragma once

#include "chat/chat.hpp"
#include "chat/client_message.hpp"
#include "chat/connection_manager.hpp"
#include "chat/rate_limiter.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace chat {

struct Missed;

/// What a frame is answered with, if it is.
using Reply = std::optional<std::string>;

/// A connection that takes part in the chat, from Chat::connect() until it goes out of scope. Then
/// it leaves its rooms and the chat, and the others are told when it was its user's last.
///
/// Only what asks the log waits: enter() and ready(). When memory runs out, what it was asked for
/// throws: that ends this connection, with 1011 (Internal Error), and no other. Leaving never
/// throws: a notice for which there is no memory is not sent, and the log says so.
class Session {
public:
    /// How many rooms a connection may be in.
    static constexpr std::size_t max_rooms = 16;
    /// How many names an answer has at most. A `who` asks for those behind them.
    static constexpr std::size_t max_names = 200;
    /// How many messages of a connection may be on their way into the log.
    static constexpr std::size_t max_on_their_way = 64;

    /// `grant` is null without a token. `chat` has to outlive the session.
    Session(Chat& chat, ConnectionManager::Membership member, std::unique_ptr<TokenGrant> grant);
    Session(Session&&) noexcept = default;
    Session& operator=(Session&&) = delete;
    ~Session();

    /// Tells the others that a user has come, if this is the user's first connection. Zero, or how
    /// long until the client can pay for that, and for the notice that it has left.
    std::chrono::steady_clock::duration announce();

    /// What the member is told first; on the heartbeat endpoint with the interval of its pings.
    std::string welcome() const;
    std::string welcome_with_heartbeat() const;

    /// Where the client says what it has, messages wait until enter() has sent what it missed.
    void hold_back_missed();

    /// Sends what the client has missed, and takes it into the room that its request names. To be
    /// called once, behind the welcome. Throws WebSocketDisconnect, as ready() does.
    beastapi::awaitable<void> enter();

    /// Does what a frame asks for, unless the client sends more of them than it may. A client that
    /// doesn't stop is closed with 1008 (Policy Violation). What needs the log is done by
    /// ready().
    Reply answer(std::string_view frame);

    /// Whether ready() has something to do before the next frame is answered.
    bool is_waiting() const noexcept;

    /// Waits for what the last frame has asked of the log, and sends the answer; and until fewer
    /// than max_on_their_way messages are on their way.
    beastapi::awaitable<void> ready();

    /// For how long nothing has come from the client.
    std::chrono::steady_clock::duration idle_time() const;

private:
    /// The name under which a frame speaks: that of the path, or, without one, that of the frame.
    /// Where that may not be, the answer.
    struct Speaker {
        std::string name;
        Reply refusal;
    };

    /// What has become of the messages that are on their way into the log.
    struct Sending;
    /// What the sender of a message is told once it's stored.
    using Acknowledge = std::function<std::string(const chat_log::Receipt& receipt)>;

    Reply handle_frame(std::string_view frame);
    Reply handle_message(ClientMessage& message);
    Reply deliver(ClientMessage& message, const std::string& sender);
    Reply deliver_privately(ClientMessage& message, const std::string& sender);
    /// The same to a user who is at another shard only.
    beastapi::awaitable<void> deliver_elsewhere(ClientMessage message);
    Reply store_private(const ConversationPtr& inbox, std::size_t connections,
                        ClientMessage& message, const std::string& sender);
    /// Sends the message to all who follow that log, `connections` of them, once it's stored, if
    /// the client can pay for it. If not, the answer.
    Reply store(const ConversationPtr& log, std::size_t connections, std::string id,
                std::string payload, Acknowledge acknowledge);

    beastapi::awaitable<void> join_room(std::string room, std::optional<std::string> since);
    beastapi::awaitable<void> send_history(ClientMessage request);
    beastapi::awaitable<void> send_missed(ConversationPtr log, std::string since);
    beastapi::awaitable<Missed> read_since(ConversationPtr log, std::string since);
    const Room& enter_room(const std::string& name, const ConversationPtr& log);
    ConversationPtr log_of(const ClientMessage& request) const;
    chat_log::Seq last_hidden(const chat_log::Conversation& log) const;
    void note_arrival(const chat_log::Conversation& log);

    /// Charges the client for what it makes the server send. If it cannot pay, the answer.
    Reply charge(std::size_t size, std::size_t connections) const;
    std::chrono::steady_clock::duration pay(std::size_t size, std::size_t connections) const;
    std::string charged(std::string answer) const;
    std::string owed(std::string answer) const;
    std::string leave_room(std::string_view room);
    std::string who(const ClientMessage& message) const;
    Reply typing(const ClientMessage& message);
    std::string refresh(std::string_view token);
    std::string refuse(ErrorCode code, std::string_view subject = {}) const;
    std::string describe(const Room& room) const;
    std::string with_positions(std::string welcome) const;
    Reply charge_notices(const std::string& room) const;

    Speaker speaker_of(const ClientMessage& message) const;
    bool may_see_users() const;
    NamePage names_in(const Room& room, std::uint64_t after = 0) const;
    /// The lobby, or the room of that name; null if the member is not in it.
    const Room* audience(const std::optional<std::string>& room) const;
    Room* find_joined_room(std::string_view name) const;
    bool is_only_connection() const noexcept;
    void leave() noexcept;

    Chat* chat_;
    ConnectionManager::Membership member_;
    RateLimiter limiter_;
    std::unique_ptr<TokenGrant> grant_;
    std::unique_ptr<ClientMessage> request_;  // of the log, for ready()
    std::shared_ptr<Sending> sending_;        // null until it sends its first message
    /// What was the last number when it came, where members may not look back.
    std::unique_ptr<std::map<std::string, chat_log::Seq>> arrivals_;
    bool announced_ = false;
};

}  // namespace chat
