#include "chat/chat.hpp"

#include "beastapi/net/client_budget.hpp"
#include "chat/names.hpp"
#include "chat/session.hpp"

#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <memory>
#include <utility>

namespace chat {

using beastapi::awaitable;
using beastapi::WebSocket;
using std::chrono::system_clock;

namespace {

/// Closes a connection whose handshake is done, so that a browser can read why.
awaitable<void> refuse(WebSocket websocket, std::string reason,
                       std::uint16_t code = beastapi::close_code::policy_violation) {
    co_await websocket.close(code, reason);
    throw beastapi::WebSocketDisconnect(code, reason);
}

void end_by_expiry(const WebSocket& websocket, Chat& chat) {
    if (websocket.connected()) {
        chat.refusals().count(to_string(ErrorCode::token_expired));
        websocket.post_text(chat.messages().error(ErrorCode::token_expired));
        websocket.post_close(beastapi::close_code::policy_violation, "Unauthorized");
    }
}

}  // namespace

Chat::Chat(ChatSettings settings)
    : settings_(std::move(settings)),
      messages_(settings_.locale),
      authenticator_(settings_.identity, refusals_) {}

// [connect]
awaitable<Session> Chat::connect(WebSocket websocket, std::optional<std::string> username) {
    std::string subprotocol = subprotocol_of(websocket.request());
    co_await websocket.accept(std::move(subprotocol));
    auto name = normalize_name(username.value_or(""));
    if (username && (!name || name_key(*name) == name_key(anonymous))) {
        co_await refuse(websocket, "Invalid username");
    }
    std::unique_ptr<TokenExpiry> expiry;
    if (name && authenticator_.requires_tokens()) {
        auto claims = authenticator_.authenticate(websocket.request(), *name);
        if (!claims) {
            co_await refuse(websocket, "Unauthorized");
        }
        name = std::move(claims->name);
        if (const auto& budget = websocket.budget()) {
            // Who has a token is a client of its own, wherever it connects from.
            websocket.charge_to(budget->of_user(name_key(*name)));
        }
        const auto executor = co_await boost::asio::this_coro::executor;
        expiry = std::make_unique<TokenExpiry>(
            executor, [this, websocket] { end_by_expiry(websocket, *this); });
        expiry->expire_after(claims->valid_until - system_clock::now());
    }
    Session session(*this, manager_.connect(websocket, name.value_or("")), std::move(expiry));
    const auto wait = session.announce();
    if (wait > wait.zero()) {
        refusals_.count("bytes_out");
        co_await refuse(websocket, "Too much traffic", beastapi::close_code::try_again_later);
    }
    co_return session;
}
// [/connect]

}  // namespace chat
