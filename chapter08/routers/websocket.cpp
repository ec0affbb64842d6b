#include "routers/websocket.hpp"

#include "beastapi/asyncapi.hpp"
#include "beastapi/asyncio.hpp"
#include "chat/frame_schemas.hpp"
#include "chat/session.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace routers {

namespace asyncio = beastapi::asyncio;
namespace json = boost::json;
using namespace boost::asio::experimental::awaitable_operators;
using beastapi::awaitable;
using beastapi::Message;
using beastapi::Route;
using beastapi::Router;
using beastapi::WebSocket;
using beastapi::WebSocketDisconnect;
using chat::Chat;
using chat::Line;
using chat::Session;
using chat::Where;
using std::chrono::steady_clock;

namespace {

// [echo]
// Echo: a text comes back with "Echo: " in front, bytes come back as they are.
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

// [chat]
// The chat room without names.
awaitable<void> websocket_chat(WebSocket websocket, Chat& chat) {
    Session session = co_await chat.connect(websocket);
    co_await websocket.send_text(session.welcome());
    co_await chat_loop(websocket, session);
}
// [/chat]

// [named]
// The chat room with names and private messages.
awaitable<void> websocket_chat_with_username(WebSocket websocket, std::string username,
                                             Chat& chat) {
    Session session = co_await chat.connect(websocket, username);
    co_await websocket.send_text(session.welcome());
    co_await chat_loop(websocket, session);
}
// [/named]

// [heartbeat_sender]
// Asks the client for a sign of life, again and again. When none has come for too long, it closes
// the connection, which ends the chat loop.
awaitable<void> heartbeat_sender(WebSocket websocket, const Session& session, const Chat& chat) {
    const auto interval = chat.settings().heartbeat_interval;
    const auto timeout = chat.settings().heartbeat_timeout;
    auto next_ping = steady_clock::now() + interval;
    while (session.idle_time() < timeout) {
        const auto time_left = timeout - session.idle_time();
        co_await asyncio::sleep(std::min(next_ping - steady_clock::now(), time_left));
        if (steady_clock::now() >= next_ping) {
            // Does not wait: a client that reads nothing must not keep the loop from the time.
            websocket.post_text(chat.messages().ping());
            next_ping = steady_clock::now() + interval;
        }
    }
    co_await websocket.close(beastapi::close_code::policy_violation, "Heartbeat timeout");
}
// [/heartbeat_sender]

// [heartbeat]
// The chat room with names, and heartbeat detection. Python starts the heartbeat with create_task()
// and cancels it in `finally`; here the first of the two to return ends the other.
awaitable<void> websocket_chat_with_heartbeat(WebSocket websocket, std::string username,
                                              Chat& chat) {
    Session session = co_await chat.connect(websocket, username);
    co_await websocket.send_text(session.welcome_with_heartbeat());
    const auto ended = co_await (asyncio::settle(chat_loop(websocket, session)) ||
                                 asyncio::settle(heartbeat_sender(websocket, session, chat)));
    asyncio::rethrow(ended);
}
// [/heartbeat]

// What `/asyncapi.json` says of the endpoints.
json::object messages_of_echo() {
    json::object messages;
    messages["text"] = beastapi::text_message("A text. The echo puts `Echo: ` in front of it.");
    messages["bytes"] = beastapi::binary_message("Bytes. The echo sends them back unchanged.");
    return messages;
}

Route& describe_echo(Route& route) {
    return route.receives(messages_of_echo).sends(messages_of_echo);
}

Route& describe(Route& route, const Chat& chat, Where where) {
    route
        .receives([longest = chat.settings().max_text_length] {
            return chat::schemas_from_client(longest);
        })
        .sends([where] { return chat::schemas_from_server(where); })
        .query_param("room", "A room to join at once.")
        .query_param("since", "EPOCH:SEQ, the position up to which the client has the lobby.")
        .query_param("room_since", "The same of the room.")
        .query_param("token", "A JSON Web Token, where the server asks for one.");
    if (where != Where::nameless) {
        route.query_param("inbox", "EPOCH:SEQ, the position up to which the client has its inbox.");
    }
    return route;
}

}  // namespace

// [chat_loop]
// Receives until the connection ends. It returns then, as every loop does that is joined by ||. The
// session belongs to the handler, which waits for this.
awaitable<void> chat_loop(Line line, Session& session) {
    try {
        co_await session.enter();
        while (true) {
            const std::string data = co_await line.receive_text();
            if (auto reply = session.answer(data)) {
                co_await line.send_text(std::move(*reply));
            }
            if (session.is_waiting()) {
                co_await session.ready();
            }
        }
    } catch (const WebSocketDisconnect&) {}
}
// [/chat_loop]

// [routes]
Router websocket(Chat& chat) {
    Router router({.tags = {"WebSocket"}});
    if (chat.settings().echo) {
        describe_echo(router.websocket("/ws", websocket_endpoint)).summary("Echo");
    }
    describe(router.websocket("/ws/chat", websocket_chat, chat), chat, Where::nameless)
        .summary("Chat room without names");
    describe(router.websocket("/ws/chat/{username}", websocket_chat_with_username, chat), chat,
             Where::named)
        .summary("Chat room with names and private messages");
    describe(router.websocket("/ws/chat/{username}/heartbeat", websocket_chat_with_heartbeat, chat),
             chat, Where::heartbeat)
        .summary("Chat room with heartbeat detection");
    return router;
}
// [/routes]

}  // namespace routers
