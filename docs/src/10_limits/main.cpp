// Chapter 10 in C++: a limit of connections, of messages a second, and of sizes.
#include "beastapi/app.hpp"
#include "token_bucket.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

namespace json = boost::json;
using beastapi::App;
using beastapi::awaitable;
using beastapi::Response;
using beastapi::WebSocket;
using beastapi::WebSocketDisconnect;

// [settings]
constexpr std::size_t max_connections = 3;  // so few that four windows show it
constexpr double message_rate = 1;          // messages a second
constexpr double message_burst = 5;         // messages at once
constexpr int max_text_length = 200;        // characters
constexpr std::size_t max_message_bytes = 16 * 1024;
// [/settings]

struct Chat {
    std::unordered_map<WebSocket, std::string> usernames;
    std::map<std::string, int> refusals;
};

json::object error(Chat& chat, const std::string& code) {
    ++chat.refusals[code];
    return {{"type", "error"}, {"code", code}};
}

// [length]
std::ptrdiff_t length(const json::string& text) {
    return std::ranges::count_if(text, [](char byte) { return (byte & 0xC0) != 0x80; });
}
// [/length]

// [answer]
std::optional<json::object> answer(Chat& chat, const std::string& username, TokenBucket& bucket,
                                   const std::string& text) {
    if (const auto wait = bucket.take()) {
        json::object limited = error(chat, "rate_limited");
        limited["retry_after_ms"] = wait->count();
        return limited;
    }
    boost::system::error_code failed;
    const json::value data = json::parse(text, failed);
    const json::value* message =
        data.is_object() ? data.as_object().if_contains("message") : nullptr;
    if (failed || message == nullptr || !message->is_string()) {
        return error(chat, "invalid_format");
    }
    if (length(message->as_string()) > max_text_length) {
        json::object too_long = error(chat, "text_too_long");
        too_long["limit"] = max_text_length;
        return too_long;
    }
    const std::string frame = json::serialize(
        json::object{{"type", "message"}, {"username", username}, {"message", *message}});
    for (const auto& [websocket, name] : chat.usernames) {
        websocket.post_text(frame);
    }
    return std::nullopt;
}
// [/answer]

struct Membership {
    Chat& chat;
    WebSocket websocket;
    ~Membership() { chat.usernames.erase(websocket); }
};

// [endpoint]
awaitable<void> websocket_chat(WebSocket websocket, std::string username, Chat& chat) {
    co_await websocket.accept();
    // [full]
    if (chat.usernames.size() >= max_connections) {
        ++chat.refusals["server_full"];
        co_await websocket.close(beastapi::close_code::policy_violation, "Server is full");
        co_return;
    }
    chat.usernames.emplace(websocket, username);
    // [/full]
    const Membership membership{chat, websocket};
    TokenBucket bucket(message_rate, message_burst);
    try {
        while (true) {
            const std::string text = co_await websocket.receive_text();
            const auto reply = answer(chat, username, bucket, text);
            if (reply) {
                co_await websocket.send_text(json::serialize(*reply));
            }
        }
    } catch (const WebSocketDisconnect&) {}
}
// [/endpoint]

awaitable<Response> websocket_status(Chat& chat) {
    std::set<std::string> names;
    for (const auto& [websocket, username] : chat.usernames) {
        names.insert(username);
    }
    co_return Response(json::object{{"connected_count", chat.usernames.size()},
                                    {"connected_users", json::array(names.begin(), names.end())},
                                    {"refusals", json::value_from(chat.refusals)}});
}

// [run]
int main() {
    App app;
    Chat chat;
    app.websocket("/ws/chat/{username}", websocket_chat, chat);
    app.get("/ws/status", websocket_status, chat);
    auto settings = beastapi::ServerSettings::from_environment();
    settings.max_message_bytes = max_message_bytes;
    app.run(settings);
}
// [/run]
