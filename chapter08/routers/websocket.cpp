#include "routers/websocket.hpp"

#include "beastapi/asyncio.hpp"
#include "chat/names.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>

namespace routers {

namespace asyncio = beastapi::asyncio;
using namespace boost::asio::experimental::awaitable_operators;
using beastapi::awaitable;
using beastapi::Message;
using beastapi::Router;
using beastapi::WebSocket;
using beastapi::WebSocketDisconnect;
using chat::ClientMessage;
using chat::ConnectionManager;
using chat::ErrorCode;

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

// What a frame is answered with, if it is.
using Reply = std::optional<std::string>;

Reply refuse(ErrorCode code, std::string_view subject, ConnectionManager& manager) {
    constexpr std::size_t max_name = 128;  // bytes of 32 code points
    manager.refusals().count(chat::to_string(code));
    return manager.messages().error(code, subject.size() > max_name ? "" : subject);
}

// [deliver]
// Sends what a user said to the one it is for, to a room, or to everyone.
Reply deliver(ClientMessage message, std::string_view sender, const WebSocket& websocket,
              ConnectionManager& manager) {
    const auto& messages = manager.messages();
    if (message.target_user) {
        if (!manager.may_see_users(websocket)) {
            return refuse(ErrorCode::unauthorized, "", manager);
        }
        if (!manager.send_to_user(messages.private_message(sender, message),
                                  *message.target_user)) {
            return refuse(ErrorCode::user_offline, *message.target_user, manager);
        }
        return messages.confirmation(*message.target_user, message);
    }
    if (!message.room) {
        manager.broadcast(messages.message(sender, message));
    } else if (const std::string* const room = manager.joined_room(websocket, *message.room)) {
        message.room = *room;
        manager.broadcast_to_room(messages.message(sender, message), *room);
    } else {
        return refuse(ErrorCode::not_in_room, *message.room, manager);
    }
    return std::nullopt;
}
// [/deliver]

// Who speaks: the user of the path, or, where that names none, the one that the frame names. Where
// that may not be, what to answer.
std::string sender_of(const ClientMessage& message, const WebSocket& websocket,
                      ConnectionManager& manager, Reply& refusal) {
    const std::string& username = manager.get_username(websocket);
    if (!username.empty()) {
        return username;
    }
    if (!message.username) {
        return std::string(chat::anonymous);
    }
    if (manager.requires_tokens()) {
        refusal = refuse(ErrorCode::unauthorized, "", manager);
        return "";
    }
    const auto name = chat::normalize_name(*message.username);
    if (!name) {
        refusal = refuse(ErrorCode::invalid_format, "", manager);
    } else if (manager.is_connected(*name)) {
        refusal = refuse(ErrorCode::name_taken, *name, manager);
    }
    return name.value_or("");
}

Reply handle_message(ClientMessage message, const WebSocket& websocket,
                     ConnectionManager& manager) {
    const std::size_t limit = manager.settings().max_text_length;
    if (limit > 0 && message.message.size() > limit &&
        chat::count_code_points(message.message) > limit) {
        manager.refusals().count(chat::to_string(ErrorCode::text_too_long));
        return manager.messages().text_too_long(limit);
    }
    Reply refusal;
    const std::string sender = sender_of(message, websocket, manager, refusal);
    return refusal ? refusal : deliver(std::move(message), sender, websocket, manager);
}

// [rooms]
Reply join_room(std::string_view room, const WebSocket& websocket, ConnectionManager& manager) {
    if (const auto refused = manager.join_room(websocket, room)) {
        return refuse(*refused, room, manager);
    }
    auto joined = manager.get_room(room).value();
    if (!manager.may_see_users(websocket)) {
        joined.members.clear();
    }
    return manager.messages().joined(joined.name, joined.members, joined.member_count);
}

Reply leave_room(std::string_view room, const WebSocket& websocket, ConnectionManager& manager) {
    const std::string* const joined = manager.joined_room(websocket, room);
    const std::string name(joined == nullptr ? room : *joined);
    if (const auto refused = manager.leave_room(websocket, name)) {
        return refuse(*refused, room, manager);
    }
    return manager.messages().left(name);
}
// [/rooms]

// Who is online, or in a room.
Reply who(const ClientMessage& message, const WebSocket& websocket, ConnectionManager& manager) {
    const bool named = manager.may_see_users(websocket);
    if (!message.room) {
        std::vector<std::string> users;
        if (named) {
            users = manager.get_connected_users();
        }
        return manager.messages().users(users, manager.get_connection_count());
    }
    if (manager.joined_room(websocket, *message.room) == nullptr) {
        return refuse(ErrorCode::not_in_room, *message.room, manager);
    }
    auto room = manager.get_room(*message.room).value();
    if (!named) {
        room.members.clear();
    }
    return manager.messages().users_of_room(room.name, room.members, room.member_count);
}

// Tells the others that somebody writes.
Reply typing(const ClientMessage& message, const WebSocket& websocket, ConnectionManager& manager) {
    if (message.room && manager.joined_room(websocket, *message.room) == nullptr) {
        return refuse(ErrorCode::not_in_room, *message.room, manager);
    }
    Reply refusal;
    const std::string sender = sender_of(message, websocket, manager, refusal);
    if (!refusal) {
        manager.broadcast_typing(websocket, sender, message.room.value_or(""));
    }
    return refusal;
}

// [refresh]
// Takes a new token before the old one runs out.
Reply refresh(std::string_view token, const WebSocket& websocket, ConnectionManager& manager) {
    const auto expires_in = manager.refresh(websocket, token);
    if (!expires_in) {
        return refuse(ErrorCode::invalid_token, "", manager);
    }
    return manager.messages().refreshed(*expires_in);
}
// [/refresh]

// [handle_frame]
// Does what one frame asks for. Nothing in it waits: what comes back is sent to the client.
Reply handle_frame(std::string_view data, const WebSocket& websocket, ConnectionManager& manager) {
    chat::Parsed parsed = chat::parse_client_message(data);
    if (!parsed.message) {
        return refuse(parsed.error, "", manager);
    }
    ClientMessage& message = *parsed.message;
    switch (message.type) {
        case ClientMessage::Type::message:
            return handle_message(std::move(message), websocket, manager);
        case ClientMessage::Type::join:
            return join_room(*message.room, websocket, manager);
        case ClientMessage::Type::leave:
            return leave_room(*message.room, websocket, manager);
        case ClientMessage::Type::who:
            return who(message, websocket, manager);
        case ClientMessage::Type::typing:
            return typing(message, websocket, manager);
        case ClientMessage::Type::heartbeat:
            return manager.messages().heartbeat_ack();
        case ClientMessage::Type::refresh:
            return refresh(message.token, websocket, manager);
        case ClientMessage::Type::pong:
            return std::nullopt;
    }
    return std::nullopt;
}
// [/handle_frame]

// [rate_limit]
// Answers a frame, unless the client sends more of them than it may.
awaitable<void> answer(std::string data, WebSocket websocket, ConnectionManager& manager) {
    using Verdict = chat::RateLimiter::Verdict;
    Reply reply;
    switch (manager.check_rate(websocket)) {
        case Verdict::pass:
            reply = handle_frame(data, websocket, manager);
            break;
        case Verdict::refuse:
            manager.refusals().count("rate_limited");
            reply = manager.messages().rate_limited(manager.retry_after(websocket));
            break;
        case Verdict::close:
            manager.refusals().count("rate_limit_exceeded");
            co_await websocket.close(beastapi::close_code::policy_violation, "Rate limit exceeded");
            break;
    }
    if (reply) {
        co_await websocket.send_text(std::move(*reply));
    }
}
// [/rate_limit]

// [chat_loop]
// Receives until the connection ends. It returns then, as every loop does that is joined by ||.
awaitable<void> chat_loop(WebSocket websocket, ConnectionManager& manager) {
    try {
        if (const auto room = websocket.query_param("room")) {
            co_await websocket.send_text(join_room(*room, websocket, manager).value());
        }
        while (true) {
            std::string data = co_await websocket.receive_text();
            manager.update_activity(websocket);
            co_await answer(std::move(data), websocket, manager);
        }
    } catch (const WebSocketDisconnect&) {}
}
// [/chat_loop]

// [chat]
// The chat room without names.
awaitable<void> websocket_chat(WebSocket websocket, ConnectionManager& manager) {
    const auto member = co_await manager.connect(websocket);
    co_await websocket.send_text(manager.welcome());
    co_await chat_loop(websocket, manager);
}
// [/chat]

// [named]
// The chat room with names and private messages.
awaitable<void> websocket_chat_with_username(WebSocket websocket, std::string username,
                                             ConnectionManager& manager) {
    const auto member = co_await manager.connect(websocket, username);
    co_await websocket.send_text(manager.welcome(member.username()));
    co_await chat_loop(websocket, manager);
}
// [/named]

// [heartbeat_sender]
// Asks the client for a sign of life, again and again.
awaitable<void> heartbeat_sender(WebSocket websocket, ConnectionManager& manager) {
    try {
        while (true) {
            co_await asyncio::sleep(manager.settings().heartbeat_interval);
            co_await websocket.send_text(manager.messages().ping());
        }
    } catch (const WebSocketDisconnect&) {}
}
// [/heartbeat_sender]

// [check_heartbeat]
// Closes a connection from which nothing has come for too long.
awaitable<void> check_heartbeat(WebSocket websocket, ConnectionManager& manager) {
    const auto timeout = manager.settings().heartbeat_timeout;
    while (manager.idle_time(websocket) < timeout) {
        co_await asyncio::sleep(timeout - manager.idle_time(websocket));
    }
    co_await websocket.close(beastapi::close_code::policy_violation, "Heartbeat timeout");
}
// [/check_heartbeat]

// [heartbeat]
// The chat room with names, and heartbeat detection. Python starts the heartbeat with create_task()
// and cancels it in `finally`; here the first of the three to return ends the other two.
awaitable<void> websocket_chat_with_heartbeat(WebSocket websocket, std::string username,
                                              ConnectionManager& manager) {
    const auto member = co_await manager.connect(websocket, username);
    co_await websocket.send_text(manager.welcome_with_heartbeat(member.username()));
    const auto ended = co_await (asyncio::settle(chat_loop(websocket, manager)) ||
                                 asyncio::settle(heartbeat_sender(websocket, manager)) ||
                                 asyncio::settle(check_heartbeat(websocket, manager)));
    asyncio::rethrow(ended);
}
// [/heartbeat]

}  // namespace

// [routes]
Router websocket(ConnectionManager& manager) {
    Router router({.tags = {"WebSocket"}});
    router.websocket("/ws", websocket_endpoint).summary("Echo");
    router.websocket("/ws/chat", websocket_chat, manager).summary("Chat room without names");
    router.websocket("/ws/chat/{username}", websocket_chat_with_username, manager)
        .summary("Chat room with names and private messages");
    router.websocket("/ws/chat/{username}/heartbeat", websocket_chat_with_heartbeat, manager)
        .summary("Chat room with heartbeat detection");
    return router;
}
// [/routes]

}  // namespace routers
