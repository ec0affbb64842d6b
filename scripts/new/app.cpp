#include "app.hpp"

#include <boost/json/object.hpp>

using namespace beastapi;

namespace {

awaitable<Response> hello(std::string name) {
    boost::json::object answer;
    answer["message"] = "Hello, " + name + "!";
    co_return JSONResponse(answer);
}

awaitable<void> echo(WebSocket websocket) {
    co_await websocket.accept();
    while (true) {
        std::string text = co_await websocket.receive_text();
        co_await websocket.send_text("Echo: " + text);
    }
}

}  // namespace

void add_routes(App& app) {
    app.get("/hello/{name}", hello).summary("Greets");
    app.websocket("/ws", echo).summary("Echoes");
}
