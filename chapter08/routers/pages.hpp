// The handlers that `main.py` holds itself: the root path, the chat page, the health check.
#pragma once

#include "beastapi/app.hpp"
#include "beastapi/awaitable.hpp"
#include "beastapi/response.hpp"
#include "chat/chat.hpp"

#include <filesystem>
#include <string>

namespace routers {

beastapi::awaitable<beastapi::Response> read_root();
beastapi::awaitable<beastapi::Response> chat_page(std::filesystem::path static_dir,
                                                  std::string content_security_policy);
beastapi::awaitable<beastapi::Response> health_check();

/// Whether a proxy should send new clients here: not before the log can be read, and not once the
/// server has been told to stop.
beastapi::awaitable<beastapi::Response> readiness(const beastapi::App& app, chat::Chat& chat);

/// In the place of the tutorial, where it has not been built: says how to.
beastapi::awaitable<beastapi::Response> no_tutorial();

}  // namespace routers
