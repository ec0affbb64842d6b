// Chapter 01: the first WebSocket. A text comes back with "Echo: " in front.
// [include]
#include "beastapi/app.hpp"

#include <fmt/format.h>

#include <string>

using beastapi::App;
using beastapi::awaitable;
using beastapi::WebSocket;
using beastapi::WebSocketDisconnect;
// [/include]

// [endpoint]
awaitable<void> websocket_endpoint(WebSocket websocket) {
    co_await websocket.accept();
    fmt::print("client connected\n");
    try {
        while (true) {
            std::string data = co_await websocket.receive_text();
            co_await websocket.send_text(fmt::format("Echo: {}", data));
        }
    } catch (const WebSocketDisconnect& disconnect) {
        fmt::print("client disconnected: {}\n", disconnect.code());
    }
}
// [/endpoint]

// [main]
int main() {
    App app;
    app.websocket("/ws", websocket_endpoint);
    app.run();
}
// [/main]
