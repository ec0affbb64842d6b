// Wrong on purpose, to be looked at with --inspect: a handler that blocks, and one that leaks.
#include "beastapi/app.hpp"
#include "beastapi/asyncio.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <string>
#include <thread>

namespace asyncio = beastapi::asyncio;
using namespace boost::asio::experimental::awaitable_operators;
using namespace std::chrono_literals;
using beastapi::App;
using beastapi::awaitable;
using beastapi::WebSocket;
using beastapi::WebSocketDisconnect;

// [blocks]
awaitable<void> websocket_blocks(WebSocket websocket) {
    co_await websocket.accept();
    try {
        while (true) {
            const std::string data = co_await websocket.receive_text();
            std::this_thread::sleep_for(300ms);
            co_await websocket.send_text(data);
        }
    } catch (const WebSocketDisconnect&) {}
}
// [/blocks]

awaitable<void> listen(WebSocket websocket) {
    while (true) {
        co_await websocket.receive_text();
    }
}

awaitable<void> ticker() {
    while (true) {
        co_await asyncio::sleep(1s);
    }
}

// [leaks]
awaitable<void> websocket_leaks(WebSocket websocket) {
    co_await websocket.accept();
    co_await (listen(websocket) || ticker());
}
// [/leaks]

int main() {
    App app;
    app.websocket("/ws/blocks", websocket_blocks);
    app.websocket("/ws/leaks", websocket_leaks);
    app.run();
}
