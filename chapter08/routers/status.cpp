#include "routers/status.hpp"

#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace routers {

using beastapi::awaitable;
using beastapi::Refusals;
using beastapi::Request;
using beastapi::Response;
using beastapi::Router;
using chat::Chat;

namespace {

// `?page=` of a request: 1 without one, nothing if it isn't such a number.
std::optional<std::size_t> page_of(const Request& request) {
    const std::string_view text = request.query_params.get("page").value_or("1");
    std::size_t page = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), page);
    const bool is_number = error == std::errc() && end == text.data() + text.size() && page > 0;
    return is_number ? std::optional(page) : std::nullopt;
}

// Why a request for a list is refused, if it is.
std::optional<Response> refuse(const Request& request, Chat& chat) {
    if (!chat.authenticator().may_ask(request)) {
        // RFC 6750, section 3.
        return beastapi::error_response(401, "Unauthorized").header("WWW-Authenticate", "Bearer");
    }
    if (!page_of(request)) {
        return beastapi::error_response(422, "page must be a whole number from 1");
    }
    return std::nullopt;
}

Response json_text(std::string text) {
    return {200, "application/json", std::move(text)};
}

// Who is connected; where tokens give the names, these are for clients with a token alone.
awaitable<Response> websocket_status(Request request, Chat& chat, const Refusals& refusals) {
    if (auto refusal = refuse(request, chat)) {
        co_return std::move(*refusal);
    }
    const bool named = chat.authenticator().may_see_users(request);
    co_return json_text(co_await chat.status(named, *page_of(request), refusals));
}

// Which rooms there are, and who is in them; of these as above.
awaitable<Response> list_rooms(Request request, Chat& chat) {
    if (auto refusal = refuse(request, chat)) {
        co_return std::move(*refusal);
    }
    const bool named = chat.authenticator().may_see_users(request);
    co_return json_text(chat.directory().rooms(named, *page_of(request)));
}

}  // namespace

Router status(Chat& chat, const Refusals& refusals) {
    Router router({.tags = {"Status"}});
    router.get("/ws/status", websocket_status, chat, refusals).summary("Who is connected");
    router.get("/rooms", list_rooms, chat).summary("Which rooms there are");
    return router;
}

}  // namespace routers
