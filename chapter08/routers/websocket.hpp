// The chat's WebSocket endpoints: `routers/websocket.py`.
#pragma once

#include "beastapi/router.hpp"
#include "chat/chat.hpp"
#include "chat/line.hpp"

namespace routers {

/// Answers what a member sends, until its line ends: the same for each way of being connected.
/// `session` belongs to the handler, which waits for this.
beastapi::awaitable<void> chat_loop(chat::Line line, chat::Session& session);

/// `chat` has to outlive App::run().
beastapi::Router websocket(chat::Chat& chat);

}  // namespace routers
