// The chat without WebSockets: a stream of events, and POST. With FastAPI it takes sse-starlette.
#pragma once

#include "beastapi/app.hpp"
#include "beastapi/router.hpp"
#include "chat/chat.hpp"

namespace routers {

/// Both have to outlive App::run(). `app` says which pages may open a stream.
beastapi::Router events(chat::Chat& chat, beastapi::App& app);

}  // namespace routers
