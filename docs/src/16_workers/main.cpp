// Chapter 16 in C++: all processes write to one stream of Redis, and all of them read it.
#include "beastapi/app.hpp"
#include "follow.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <regex>
#include <stdexcept>
#include <string>

using beastapi::App;
using beastapi::awaitable;
using beastapi::Response;
using beastapi::WebSocket;
using beastapi::WebSocketDisconnect;

const std::regex id_form(R"([\w-]{1,64})");
const std::regex position_form(R"(\d{1,18}-\d{1,18})");
// [append]
// Redis runs a script as a whole: nothing that others do comes in between.
const std::string append = R"(
local first = redis.call('GET', KEYS[2])
if first then return {first, 'repeat'} end
local position = redis.call('XADD', KEYS[1], 'MAXLEN', '~', '10000', '*', 'frame', ARGV[1])
redis.call('SET', KEYS[2], position, 'EX', '600')
return {position, 'new'}
)";
// [/append]
// [speak]
awaitable<json::object> speak(Chat& chat, std::string username, std::string text) {
    json::object frame{{"type", "message"}, {"username", username}};
    try {
        const json::object data = json::parse(text).as_object();
        frame["message"] = data.at("message").as_string();
        frame["id"] = data.at("id").as_string();
        if (data.contains("target_user")) {
            frame["type"] = "private";
            frame["target_user"] = data.at("target_user").as_string();
        }
        if (!std::regex_match(data.at("id").as_string().c_str(), id_form)) {
            throw std::invalid_argument("a message has an id and a text");
        }
    } catch (const std::exception&) {
        co_return json::object{{"type", "error"}, {"code", "invalid_format"}};
    }
    const std::string id(frame.at("id").as_string());
    const std::string key = fmt::format("{}:{}:{}", stream, username, id);
    const Redis::Command command{"EVAL", append, "2", stream, key, json::serialize(frame)};
    json::value stored;
    try {
        stored = co_await chat.redis.execute(command);
    } catch (
        const RedisError&) {  // nobody knows whether it was written: the same id may be sent again
        co_return json::object{
            {"type", "error"}, {"code", "unavailable"}, {"id", id}, {"retry", true}};
    }
    co_return json::object{{"type", "ack"},
                           {"id", id},
                           {"position", stored.at(0)},
                           {"duplicate", stored.at(1) == "repeat"}};
}
// [/speak]

// [endpoint]
awaitable<void> websocket_chat(WebSocket websocket, std::string username, Chat& chat) {
    co_await websocket.accept();
    try {
        co_await find_position(chat);
        const Membership member(chat.members, websocket, username);
        const std::string until =
            chat.members.position;  // what comes behind it waits in the member
        const json::object welcome{{"type", "system"}, {"event", "welcome"}, {"position", until}};
        websocket.post_text(json::serialize(welcome));
        const std::string since(websocket.query_param("since").value_or(""));
        if (std::regex_match(since, position_form)) {
            const Redis::Command command{"XRANGE", stream, since, until};
            const json::value entries = co_await chat.redis.execute(command);
            websocket.post_text(json::serialize(member->history(entries.as_array(), since)));
        }
        member->start();
        while (true) {
            const std::string text = co_await websocket.receive_text();
            member->post(co_await speak(chat, username, text));
        }
    } catch (const WebSocketDisconnect&) {
    } catch (const RedisError&) {
        websocket.post_close(1013, "Try again later");
    }
}
// [/endpoint]

awaitable<Response> websocket_status(Chat& chat) {
    co_return Response(json::object{{"connected_count", chat.members.size()}});
}

int main() {
    App app;
    const char* url = std::getenv("CHAT_REDIS");
    const std::string redis = url != nullptr ? url : "redis://127.0.0.1:6379";
    Chat chat{Redis(redis), Redis(redis), {}};
    // [lifespan]
    app.set_lifespan(
        [&chat](const auto& executor) {
            chat.redis.connect(executor);
            chat.reader.connect(executor);
            boost::asio::co_spawn(executor, follow(chat), boost::asio::detached);
        },
        [&chat] {
            chat.redis.close();
            chat.reader.close();
        });
    // [/lifespan]
    app.websocket("/ws/chat/{username}", websocket_chat, chat);
    app.get("/ws/status", websocket_status, chat);
    app.run();
}
