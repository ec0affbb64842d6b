// Chapter 02: two coroutines on one connection. One counts down, the other listens for "stop".
#include "beastapi/app.hpp"
#include "beastapi/asyncio.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>

#include <string>

namespace asyncio = beastapi::asyncio;
using namespace boost::asio::experimental::awaitable_operators;
using namespace std::chrono_literals;
using beastapi::App;
using beastapi::awaitable;
using beastapi::WebSocket;
using beastapi::WebSocketDisconnect;

// [countdown]
awaitable<void> countdown(WebSocket websocket) {
    for (int n = 5; n > 0; --n) {
        co_await websocket.send_text(std::to_string(n));
        co_await asyncio::sleep(1s);
    }
    co_await websocket.send_text("Liftoff!");
}
// [/countdown]

// [listen]
awaitable<void> listen(WebSocket websocket) {
    std::string data;
    while (data != "stop") {
        data = co_await websocket.receive_text();
    }
    co_await websocket.send_text("Stopped");
}
// [/listen]

// [endpoint]
awaitable<void> websocket_countdown(WebSocket websocket) {
    co_await websocket.accept();
    try {
        const auto ended =
            co_await (asyncio::settle(countdown(websocket)) || asyncio::settle(listen(websocket)));
        asyncio::rethrow(ended);
        co_await websocket.close();
    } catch (const WebSocketDisconnect& disconnect) {
        fmt::print("client disconnected: {}\n", disconnect.code());
    }
}
// [/endpoint]

int main() {
    App app;
    app.websocket("/ws/countdown", websocket_countdown);
    app.run();
}
