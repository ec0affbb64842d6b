// Chapter 15 in C++: each message is stored, numbered, acknowledged, and can be fetched again.
#include "beastapi/app.hpp"
#include "beastapi/asyncio.hpp"
#include "message_log.hpp"

#include <boost/json.hpp>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <unordered_set>

using beastapi::App;
using beastapi::awaitable;
using beastapi::Response;
using beastapi::WebSocket;
using beastapi::WebSocketDisconnect;
namespace asyncio = beastapi::asyncio;

// [log]
struct Chat {
    MessageLog log;  // lives on the thread of to_thread, which keeps the order of its calls
    std::unordered_set<WebSocket> members;
};
// [/log]

void broadcast(const Chat& chat, const json::object& message) {
    const std::string text = json::serialize(message);
    for (const WebSocket& websocket : chat.members) {
        websocket.post_text(text);
    }
}

// [speak]
awaitable<json::object> speak(Chat& chat, std::string username, json::object data) {
    const std::string id(data.at("id").as_string());
    const std::string text(data.at("message").as_string());
    if (id.empty() || id.size() > 64) {
        throw std::invalid_argument("a message has an id and a text");
    }
    Stored stored;
    try {
        stored = co_await asyncio::to_thread(&MessageLog::append, &chat.log, username, id, text);
    } catch (const SQLite::Exception&) {  // the disk is full, for example
        co_return json::object{
            {"type", "error"}, {"code", "unavailable"}, {"id", id}, {"retry", true}};
    }
    json::object ack{{"type", "ack"}, {"id", id}, {"epoch", chat.log.epoch()}};
    ack["seq"] = stored.message.at("seq");
    ack["timestamp"] = stored.message.at("timestamp");
    if (stored.is_new) {
        broadcast(chat, stored.message);
    } else {
        ack["duplicate"] = true;
    }
    co_return ack;
}
// [/speak]

// [come_back]
awaitable<void> come_back(WebSocket websocket, std::string since, Chat& chat) {
    json::object welcome{{"type", "system"}, {"event", "welcome"}, {"epoch", chat.log.epoch()}};
    welcome["seq"] = co_await asyncio::to_thread(&MessageLog::last, &chat.log);
    json::object missed;
    if (!since.empty()) {
        missed = co_await asyncio::to_thread(&MessageLog::history, &chat.log, since);
    }
    // No co_await from here on: nobody speaks between what was missed and what is new.
    websocket.post_text(json::serialize(welcome));
    if (!missed.empty()) {
        websocket.post_text(json::serialize(missed));
    }
    chat.members.insert(websocket);
}
// [/come_back]

awaitable<json::object> answer(Chat& chat, std::string username, std::string text) {
    try {
        const json::object data = json::parse(text).as_object();
        if (data.contains("type") && data.at("type") == "history") {
            const std::string since(data.at("since").as_string());
            co_return co_await asyncio::to_thread(&MessageLog::history, &chat.log, since);
        }
        co_return co_await speak(chat, username, data);
    } catch (const std::exception&) {}
    co_return json::object{{"type", "error"}, {"code", "invalid_format"}};
}

struct Membership {
    Chat& chat;
    WebSocket websocket;
    ~Membership() { chat.members.erase(websocket); }
};

// [endpoint]
awaitable<void> websocket_chat(WebSocket websocket, std::string username, Chat& chat) {
    co_await websocket.accept();
    const Membership membership{chat, websocket};
    const std::string since(websocket.query_param("since").value_or(""));
    co_await come_back(websocket, since, chat);
    try {
        while (true) {
            const std::string text = co_await websocket.receive_text();
            const json::object reply = co_await answer(chat, username, text);
            co_await websocket.send_text(json::serialize(reply));
        }
    } catch (const WebSocketDisconnect&) {}
}
// [/endpoint]

awaitable<Response> websocket_status(Chat& chat) {
    co_return Response(json::object{{"connected_count", chat.members.size()}});
}

int main() {
    App app;
    const char* file = std::getenv("CHAT_DATABASE");
    Chat chat{MessageLog(file != nullptr ? file : ":memory:"), {}};
    app.websocket("/ws/chat/{username}", websocket_chat, chat);
    app.get("/ws/status", websocket_status, chat);
    app.run();
}
