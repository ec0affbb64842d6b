// Who is connected, in which rooms, and what was refused, over HTTP.
#pragma once

#include "beastapi/refusals.hpp"
#include "beastapi/router.hpp"
#include "chat/chat.hpp"

namespace routers {

/// `refusals` are those of the server, as `chat` has those of the chat. Both have to outlive
/// App::run().
beastapi::Router status(chat::Chat& chat, const beastapi::Refusals& refusals);

}  // namespace routers
