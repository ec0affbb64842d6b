#include "chat/chat.hpp"

#include "beastapi/net/client_budget.hpp"
#include "beastapi/security_log.hpp"
#include "chat/history_frame.hpp"
#include "chat/log_operations.hpp"
#include "chat/names.hpp"
#include "chat/session.hpp"
#include "log/database_log.hpp"
#include "log/memory_log.hpp"

#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
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

void end_by_expiry(const WebSocket& websocket, const std::string& user, Chat& chat) {
    if (websocket.connected()) {
        chat.refusals().count(to_string(ErrorCode::token_expired));
        beastapi::log_security_event(
            {.event = "token_expired", .client = websocket.client(), .user = user});
        websocket.post_text(chat.messages().error(ErrorCode::token_expired));
        websocket.post_close(beastapi::close_code::policy_violation, "Unauthorized");
    }
}

std::unique_ptr<chat_log::Log> make_log(const ChatSettings& settings) {
    if (settings.database.empty()) {
        return std::make_unique<chat_log::MemoryLog>(settings.history);
    }
    return std::make_unique<chat_log::DatabaseLog>(settings.database, settings.history);
}

std::optional<Position> position_in(const WebSocket& websocket, std::string_view parameter) {
    const auto text = websocket.query_param(parameter);
    return text ? parse_position(*text) : std::nullopt;
}

}  // namespace

Chat::Chat(ChatSettings settings)
    : settings_(std::move(settings)),
      messages_(settings_.locale),
      authenticator_(settings_, refusals_),
      log_(make_log(settings_)),
      sessions_(settings_.max_sessions_per_user) {}

void Chat::start(const boost::asio::any_io_executor& executor) {
    log_->start(executor);
}

void Chat::stop() noexcept {
    log_->stop();
}

// [connect]
awaitable<Session> Chat::connect(WebSocket websocket, std::optional<std::string> username) {
    std::string subprotocol = subprotocol_of(websocket.request());
    co_await websocket.accept(std::move(subprotocol));
    auto name = normalize_name(username.value_or(""));
    if (username && (!name || name_key(*name) == name_key(anonymous))) {
        co_await refuse(websocket, "Invalid username");
    }
    std::unique_ptr<TokenGrant> granted;
    if (name ? authenticator_.requires_tokens() : authenticator_.requires_token_of_all()) {
        const auto claims = authenticator_.authenticate(websocket.request(), name);
        if (!claims) {
            co_await refuse(websocket, "Unauthorized");
        }
        if (const auto& budget = websocket.budget()) {
            // Who has a token is a client of its own, wherever it connects from.
            websocket.charge_to(budget->of_user(name_key(claims->name)));
        }
        if (name) {
            name = claims->name;
        }
        const auto executor = co_await boost::asio::this_coro::executor;
        granted = grant(websocket, executor, *claims);
        if (!granted) {
            co_await refuse(websocket, "Too many sessions");
        }
    }
    co_await open_lobby();
    ConversationPtr inbox;
    if (name) {
        inbox = co_await open_inbox(websocket, *name);
    }
    Session session(*this, manager_.connect(websocket, name.value_or(""), inbox),
                    std::move(granted));
    session.hold_back_missed();
    const auto wait = session.announce();
    if (wait > wait.zero()) {
        refusals_.count("bytes_out");
        co_await refuse(websocket, "Too much traffic", beastapi::close_code::try_again_later);
    }
    co_return session;
}
// [/connect]

awaitable<void> Chat::open_lobby() {
    if (manager_.lobby().log()) {
        co_return;
    }
    const std::string name(lobby_log);
    const ConversationPtr log = co_await open_log(*log_, name);
    if (!log) {
        throw std::runtime_error("the lobby can't be opened");
    }
    if (!manager_.lobby().log()) {
        manager_.follow_lobby(log);
    }
}

awaitable<ConversationPtr> Chat::open_inbox(const WebSocket& websocket,
                                            const std::string& username) {
    const auto is_owner = [this, username] {
        return authenticator_.requires_tokens() || manager_.is_connected(username);
    };
    return inboxes_.open(name_key(username), position_in(websocket, "inbox"), is_owner);
}

std::unique_ptr<TokenGrant> Chat::grant(const WebSocket& websocket,
                                        const boost::asio::any_io_executor& executor,
                                        const TokenClaims& claims) {
    auto slot = sessions_.acquire(name_key(claims.name));
    if (!slot) {
        refusals_.count("user_full");
        const std::string limit = std::to_string(settings_.max_sessions_per_user);
        beastapi::log_security_event({.event = "too_many_sessions",
                                      .client = websocket.client(),
                                      .user = claims.name,
                                      .reason = limit});
        return nullptr;
    }
    const auto expired = [this, websocket, user = claims.name] {
        end_by_expiry(websocket, user, *this);
    };
    std::unique_ptr<TokenGrant> granted(
        new TokenGrant{claims.name, std::move(slot), TokenExpiry(executor, expired)});
    granted->expiry.expire_after(claims.valid_until - system_clock::now());
    return granted;
}

}  // namespace chat
