// A program as the tutorial's are: an App, a handler, and run() without settings.
#include "beastapi/app.hpp"

using namespace beastapi;

namespace {

awaitable<void> echo(WebSocket websocket) {
    co_await websocket.accept();
    while (true) {
        const std::string text = co_await websocket.receive_text();
        co_await websocket.send_text(text);
    }
}

}  // namespace

int main() {
    App app({.title = "small_program"});
    app.websocket("/ws", echo);
    app.run();
}
