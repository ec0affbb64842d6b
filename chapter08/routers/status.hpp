// Who is connected, in which rooms, and what was refused, over HTTP.
#pragma once

#include "beastapi/refusals.hpp"
#include "beastapi/router.hpp"
#include "chat/connection_manager.hpp"

namespace routers {

/// `refusals` are those of the server, as `manager` has those of the chat. Both have to outlive
/// App::run().
beastapi::Router status(chat::ConnectionManager& manager, const beastapi::Refusals& refusals);

}  // namespace routers
