// What the sessions of one thread share.
#pragma once

#include "beastapi/awaitable.hpp"
#include "beastapi/refusals.hpp"
#include "beastapi/websocket.hpp"
#include "chat/authenticator.hpp"
#include "chat/chat_settings.hpp"
#include "chat/connection_manager.hpp"
#include "chat/messages.hpp"

#include <optional>
#include <string>

namespace chat {

class Session;

/// The chat of one thread. It belongs to main(), and has to outlive App::run().
class Chat {
public:
    explicit Chat(ChatSettings settings = {});
    Chat(const Chat&) = delete;
    Chat& operator=(const Chat&) = delete;

    /// Accepts the connection and lets it take part in the chat, without a name if `username` is
    /// not given. The others are told when a user's first connection comes.
    ///
    /// Throws WebSocketDisconnect if the client has gone, its name is not valid, or tokens give the
    /// names and it has none for this one: then it was closed with 1008 (Policy Violation), after
    /// the handshake, so that a browser can read why. The same with 1013 (Try Again Later), if the
    /// client cannot pay for being announced. When the token runs out, the connection is
    /// closed so, too.
    beastapi::awaitable<Session> connect(beastapi::WebSocket websocket,
                                         std::optional<std::string> username = {});

    const ChatSettings& settings() const noexcept { return settings_; }
    const Messages& messages() const noexcept { return messages_; }
    /// What the chat has refused.
    beastapi::Refusals& refusals() noexcept { return refusals_; }
    Authenticator& authenticator() noexcept { return authenticator_; }
    ConnectionManager& manager() noexcept { return manager_; }

private:
    ChatSettings settings_;
    Messages messages_;
    beastapi::Refusals refusals_;
    Authenticator authenticator_;
    ConnectionManager manager_;
};

}  // namespace chat
