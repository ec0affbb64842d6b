// Chapter 11 in C++: a token says who one is, and the origin says which page asks.
#include "beastapi/app.hpp"
#include "beastapi/asyncio.hpp"
#include "identity.hpp"

#include <boost/algorithm/string/predicate.hpp>
#include <boost/json.hpp>

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

namespace asyncio = beastapi::asyncio;
namespace json = boost::json;
using beastapi::App;
using beastapi::awaitable;
using beastapi::Response;
using beastapi::WebSocket;
using beastapi::WebSocketDisconnect;

using Usernames = std::unordered_map<WebSocket, std::string>;

// [find]
std::string find_token(const WebSocket& websocket) {
    const std::string_view authorization = websocket.header("Authorization").value_or("");
    if (boost::algorithm::istarts_with(authorization, "Bearer ")) {
        return std::string(authorization.substr(7));
    }
    const std::string_view protocols = websocket.header("Sec-WebSocket-Protocol").value_or("");
    if (protocols.starts_with("bearer,")) {
        return std::string(protocols.substr(protocols.find_last_of(", ") + 1));
    }
    return std::string(websocket.query_param("token").value_or(""));
}
// [/find]

// [answer]
json::object refresh(Claims& claims, const std::string& token) {
    const std::optional<Claims> renewed = verify(token);
    if (!renewed || renewed->username != claims.username) {
        return {{"type", "error"}, {"code", "invalid_token"}};
    }
    claims.expires = renewed->expires;
    const auto left = claims.expires - system_clock::now();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    return {{"type", "refreshed"}, {"expires_in", seconds.count()}};
}

std::optional<json::object> answer(const Usernames& usernames, Claims& claims,
                                   const std::string& text) {
    try {
        const json::value data = json::parse(text);
        if (data.at("type") == "refresh") {
            return refresh(claims, std::string(data.at("token").as_string()));
        }
        const std::string frame = json::serialize(json::object{
            {"type", "message"}, {"username", claims.username}, {"message", data.at("message")}});
        for (const auto& [websocket, username] : usernames) {
            websocket.post_text(frame);
        }
        return std::nullopt;
    } catch (const std::exception&) {
        return json::object{{"type", "error"}, {"code", "invalid_format"}};
    }
}
// [/answer]

struct Membership {
    Usernames& usernames;
    WebSocket websocket;
    ~Membership() { usernames.erase(websocket); }
};

// [endpoint]
awaitable<void> websocket_chat(WebSocket websocket, std::string username, Usernames& usernames) {
    const std::string_view offered = websocket.header("Sec-WebSocket-Protocol").value_or("");
    const std::string protocol = offered.starts_with("bearer,") ? "bearer" : "";
    co_await websocket.accept(protocol);
    std::optional<Claims> claims = verify(find_token(websocket));
    if (!claims || claims->username != username) {
        co_await websocket.close(beastapi::close_code::policy_violation, "Unauthorized");
        co_return;
    }
    usernames.emplace(websocket, username);
    const Membership membership{usernames, websocket};
    // [live]
    try {
        while (true) {
            const auto left = claims->expires - system_clock::now();
            const std::string text = co_await asyncio::wait_for(websocket.receive_text(), left);
            const auto reply = answer(usernames, *claims, text);
            if (reply) {
                co_await websocket.send_text(json::serialize(*reply));
            }
        }
    } catch (const asyncio::TimeoutError&) {
        websocket.post_text(R"({"type":"error","code":"token_expired"})");
    } catch (const WebSocketDisconnect&) {}
    co_await websocket.close(beastapi::close_code::policy_violation, "Unauthorized");
    // [/live]
}
// [/endpoint]

awaitable<Response> websocket_status(Usernames& usernames) {
    std::set<std::string> names;
    for (const auto& [websocket, username] : usernames) {
        names.insert(username);
    }
    co_return Response(json::object{{"connected_count", usernames.size()},
                                    {"connected_users", json::array(names.begin(), names.end())}});
}

int main() {
    App app;
    // [origin]
    // Others are answered 403.
    app.add_middleware({.allow_origins = {"http://localhost:8000", "http://127.0.0.1:8000"}});
    // [/origin]
    Usernames usernames;
    app.websocket("/ws/chat/{username}", websocket_chat, usernames);
    app.get("/ws/status", websocket_status, usernames);
    app.run();
}
