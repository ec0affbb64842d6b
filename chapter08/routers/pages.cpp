#include "routers/pages.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace routers {

namespace json = boost::json;
using beastapi::awaitable;
using beastapi::Response;

awaitable<Response> read_root() {
    const json::object endpoints{
        {"echo", "/ws"},
        {"chat", "/ws/chat"},
        {"chat_with_username", "/ws/chat/{username}"},
        {"chat_with_heartbeat", "/ws/chat/{username}/heartbeat"},
        {"status", "/ws/status"},
        {"rooms", "/rooms"},
    };
    const json::array topics{"WebSocket",        "ConnectionManager", "broadcast",
                             "private messages", "heartbeat",         "rooms"};
    const json::object root{
        {"message", "08 - WebSocket and real-time communication"},
        {"docs", "/docs"},
        {"endpoints", endpoints},
        {"frontend", "/chat"},
        {"topics", topics},
    };
    co_return Response(root);
}

awaitable<Response> chat_page(std::filesystem::path static_dir,
                              std::string content_security_policy) {
    Response page = beastapi::FileResponse(static_dir / "chat.html");
    if (!content_security_policy.empty()) {
        page.header("Content-Security-Policy", std::move(content_security_policy));
    }
    co_return page;
}

awaitable<Response> health_check() {
    const json::object features{
        {"echo", true},      {"broadcast", true}, {"private_messages", true},
        {"heartbeat", true}, {"rooms", true},
    };
    const json::object health{
        {"status", "healthy"},
        {"websocket_support", true},
        {"features", features},
    };
    co_return Response(health);
}

awaitable<Response> readiness(const beastapi::App& app, chat::Chat& chat) {
    std::string_view status = "ready";
    if (app.is_draining()) {
        status = "draining";
    } else if (!co_await chat.is_ready()) {
        status = "starting";
    }
    const json::object state{{"status", status}};
    co_return beastapi::JSONResponse(state, status == "ready" ? 200 : 503);
}

awaitable<Response> no_tutorial() {
    co_return beastapi::PlainTextResponse(
        "The tutorial hasn't been built yet: run scripts/docs.sh --build, then start the server "
        "again.\n",
        503);
}

}  // namespace routers
