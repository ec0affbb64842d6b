// What the chat can be told.
#pragma once

#include "beastapi/token_bucket.hpp"
#include "chat/identity.hpp"
#include "chat/messages.hpp"
#include "log/entry.hpp"
#include "redis/redis_url.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>

namespace chat {

struct ChatSettings {
    Locale locale = Locale::zh_tw;
    std::chrono::steady_clock::duration heartbeat_interval = std::chrono::seconds(10);
    std::chrono::steady_clock::duration heartbeat_timeout = std::chrono::seconds(30);
    /// Frames a second from one connection, and how many at once.
    beastapi::RateLimit message_rate{.rate = 10, .burst = 40};
    /// The longest text of a message, in code points; 0: no limit.
    std::size_t max_text_length = 4000;
    /// Whether there is the echo endpoint, `/ws`.
    bool echo = true;
    /// Whose tokens give names; nothing: anyone may take any free name.
    std::optional<IdentitySettings> identity{};
    /// Whether nobody without a token gets into the chat, or to its lists. With an identity only.
    bool require_token = false;
    /// Connections at a time of one user with tokens; 0: no limit.
    std::size_t max_sessions_per_user = 20;
    /// Where messages are kept; empty: in memory, for as long as the process lasts.
    std::filesystem::path database{};
    /// In the place of that: where they're kept for several servers, which meet there.
    std::optional<chat_redis::RedisUrl> redis{};
    chat_log::Retention history{};
    /// How long an inbox waits for its user, where names are anyone's. With tokens it lasts.
    std::chrono::steady_clock::duration resume_window = std::chrono::minutes(10);
    /// Who comes and goes is told at most so often, where many do.
    std::chrono::steady_clock::duration presence_interval = std::chrono::seconds(1);
    /// Whether members may read what was said before they came.
    bool look_back = true;
};

}  // namespace chat
