#include "routers/events.hpp"

#include "beastapi/security_log.hpp"
#include "beastapi/streaming.hpp"
#include "chat/event_line.hpp"
#include "chat/event_lines.hpp"
#include "chat/session.hpp"
#include "routers/websocket.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace routers {

using beastapi::App;
using beastapi::awaitable;
using beastapi::EventSourceResponse;
using beastapi::EventStream;
using beastapi::Request;
using beastapi::Response;
using beastapi::Router;
using chat::Chat;
using chat::EventLine;
using chat::Line;
using chat::Session;

namespace {

// A client that joins by it is announced, so a page of another origin may not open it: neither by
// an EventSource, nor by an <img>, which says nothing of its origin.
std::optional<Response> refuse_other_origins(const Request& request, App& app) {
    const auto site = request.headers.get("Sec-Fetch-Site").value_or("none");
    const bool says_origin = request.headers.get("Origin").has_value();
    const bool is_own = site == "none" || site == "same-origin";
    if (says_origin ? app.allows_origin(request) : is_own) {
        return std::nullopt;
    }
    app.refusals().count("origin");
    beastapi::log_security_event({.event = "origin_refused",
                                  .client = request.client,
                                  .reason = request.headers.get("Origin").value_or(site)});
    return beastapi::error_response(403, "Origin not allowed");
}

awaitable<Line> open_line(EventStream stream, Request request, Chat& chat) {
    using Executor = boost::asio::io_context::executor_type;
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto line = std::make_shared<EventLine>(std::move(stream), std::move(request),
                                                  *executor.target<Executor>());
    line->open(chat.event_lines());
    co_return line;
}

// [chat]
// The chat room without names.
awaitable<void> chat_events(EventStream stream, Request request, Chat& chat) {
    const Line line = co_await open_line(stream, request, chat);
    Session session = co_await chat.connect(line);
    co_await line.send_text(session.welcome());
    co_await chat_loop(line, session);
}

awaitable<Response> events_chat(Request request, Chat& chat, App& app) {
    if (auto refusal = refuse_other_origins(request, app)) {
        co_return std::move(*refusal);
    }
    co_return EventSourceResponse(chat_events, request, std::ref(chat));
}
// [/chat]

// [named]
// The chat room with names and private messages.
awaitable<void> chat_events_with_username(EventStream stream, Request request, std::string username,
                                          Chat& chat) {
    const Line line = co_await open_line(stream, request, chat);
    Session session = co_await chat.connect(line, username);
    co_await line.send_text(session.welcome());
    co_await chat_loop(line, session);
}

awaitable<Response> events_chat_with_username(Request request, std::string username, Chat& chat,
                                              App& app) {
    if (auto refusal = refuse_other_origins(request, app)) {
        co_return std::move(*refusal);
    }
    co_return EventSourceResponse(chat_events_with_username, request, username, std::ref(chat));
}
// [/named]

// [post]
// What a WebSocket's client would send, from the client of a stream. The answer comes there.
awaitable<Response> post_message(Request request, Chat& chat) {
    const std::string session(request.headers.get("Chat-Session").value_or(""));
    if (!co_await chat.event_lines()->put(session, std::move(request.body))) {
        co_return beastapi::error_response(404, "No such stream");
    }
    co_return Response::empty(202);
}
// [/post]

}  // namespace

// [routes]
Router events(Chat& chat, App& app) {
    Router router({.tags = {"Server-Sent Events"}});
    router.get("/events/chat", events_chat, chat, app)
        .summary("Chat room without names, as a stream of events")
        .response_class("text/event-stream");
    router.get("/events/chat/{username}", events_chat_with_username, chat, app)
        .summary("Chat room with names and private messages, as a stream of events")
        .response_class("text/event-stream");
    router.post("/messages", post_message, chat)
        .summary("A frame from the client of a stream")
        .response(202, "Accepted")
        .response(404, "No such stream");
    return router;
}
// [/routes]

}  // namespace routers
