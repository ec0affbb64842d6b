// Wrong on purpose: it keeps the WebSockets of handlers that have ended, until after run().
#include "beastapi/app.hpp"

#include <vector>

using namespace beastapi;

static awaitable<void> keep(WebSocket websocket, std::vector<WebSocket>& kept) {
    co_await websocket.accept();
    kept.push_back(websocket);
}

int main() {
    std::vector<WebSocket> kept;
    App app({.title = "outliving_program"});
    app.websocket("/ws", keep, kept);
    app.run();
}
