// The chat's WebSocket endpoints: `routers/websocket.py`.
#pragma once

#include "beastapi/router.hpp"
#include "chat/chat.hpp"

namespace routers {

/// `chat` has to outlive App::run().
beastapi::Router websocket(chat::Chat& chat);

}  // namespace routers
