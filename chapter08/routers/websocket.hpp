// The chat's WebSocket endpoints and its status: `routers/websocket.py`.
#pragma once

#include "beastapi/router.hpp"
#include "chat/connection_manager.hpp"

namespace routers {

/// `manager` has to outlive App::run().
beastapi::Router websocket(chat::ConnectionManager& manager);

}  // namespace routers
