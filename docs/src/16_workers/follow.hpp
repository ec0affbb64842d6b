// Chapter 16: what brings the stream to the members of one process.
#pragma once

#include "beastapi/awaitable.hpp"
#include "members.hpp"
#include "redis.hpp"

#include <spdlog/spdlog.h>

#include <string>

const std::string stream = "chat:{lobby}";

// [redis]
struct Chat {
    Redis redis;
    Redis reader;  // a blocking XREAD makes all that is behind it wait, so it has a connection
    Members members;
};
// [/redis]

// [follow]
// Where the stream ends now, unless somebody has found it out already.
inline beastapi::awaitable<void> find_position(Chat& chat) {
    if (chat.members.position.empty()) {
        const Redis::Command command{"XREVRANGE", stream, "+", "-", "COUNT", "1"};
        const json::value newest = co_await chat.redis.execute(command);
        if (chat.members.position.empty()) {
            const bool none = newest.as_array().empty();
            chat.members.position = none ? "0-0" : newest.at(0).at(0).as_string().c_str();
        }
    }
}

// Brings what all processes have written to the members of this one, for as long as it runs.
inline beastapi::awaitable<void> follow(Chat& chat) {
    while (true) {
        json::value streams;
        try {
            co_await find_position(chat);
            const Redis::Command command{"XREAD", "COUNT",   "100",  "BLOCK",
                                         "1000",  "STREAMS", stream, chat.members.position};
            streams = co_await chat.reader.execute(command);
        } catch (const RedisError& error) {  // its connection pauses before it tries again
            spdlog::warn("Redis: {}", error.what());
        }
        if (streams.is_array()) {
            for (const json::value& entry : streams.at(0).at(1).as_array()) {
                chat.members.tell(entry.at(0), entry.at(1).at(1));
            }
        }
    }
}
// [/follow]
