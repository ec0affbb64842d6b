// Chapter 03: receiving and sending. /ws answers text and bytes, /ws/json answers JSON.
#include "beastapi/app.hpp"
#include "beastapi/json.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <exception>
#include <string>
#include <utility>

namespace json = boost::json;
using beastapi::App;
using beastapi::awaitable;
using beastapi::Message;
using beastapi::WebSocket;
using beastapi::WebSocketDisconnect;

// [echo]
awaitable<void> websocket_endpoint(WebSocket websocket) {
    co_await websocket.accept();
    try {
        while (true) {
            Message message = co_await websocket.receive();
            if (message.is_text()) {
                co_await websocket.send_text(fmt::format("Echo: {}", message.data));
            } else {
                co_await websocket.send_bytes(std::move(message.data));
            }
        }
    } catch (const WebSocketDisconnect&) {}
}
// [/echo]

// [error]
json::object error(const std::string& code, const std::string& message) {
    return {{"type", "error"}, {"code", code}, {"message", message}};
}
// [/error]

// [answer]
json::object answer(const json::object& data) {
    const json::string& type = data.at("type").as_string();
    if (type == "message") {
        return {{"type", "message"}, {"message", data.at("message").as_string()}};
    }
    if (type == "sum") {
        double sum = 0;
        for (const json::value& number : data.at("numbers").as_array()) {
            sum += number.to_number<double>();
        }
        return {{"type", "sum"}, {"sum", sum}};
    }
    return error("unknown_type", "Unknown message type");
}
// [/answer]

// [parse]
json::object parse_and_answer(const std::string& text) {
    try {
        const json::value data = json::parse(text);
        return answer(data.as_object());
    } catch (const std::exception&) {
        return error("invalid_format", "Invalid message format");
    }
}
// [/parse]

// [json]
awaitable<void> websocket_json(WebSocket websocket) {
    co_await websocket.accept();
    try {
        while (true) {
            const std::string text = co_await websocket.receive_text();
            const json::object reply = parse_and_answer(text);
            co_await websocket.send_text(beastapi::json_dumps(reply));
        }
    } catch (const WebSocketDisconnect&) {}
}
// [/json]

int main() {
    App app;
    app.websocket("/ws", websocket_endpoint);
    app.websocket("/ws/json", websocket_json);
    app.run();
}
