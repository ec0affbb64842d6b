// What ConnectionManager does with tokens.
#include "chat/connection_manager.hpp"
#include "chat/names.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace chat {

using std::chrono::system_clock;

// [tokens]
std::optional<TokenClaims> ConnectionManager::check_token(const WebSocket& websocket,
                                                          std::string_view name) {
    const auto token = token_of(websocket.request());
    VerifiedToken verified{.refusal = "there is no token"};
    if (token) {
        verified = verifier_->verify(*token, system_clock::now());
    }
    if (verified.claims && name_key(verified.claims->name) != name_key(name)) {
        verified = {.refusal = "the token is for another name"};
    }
    if (!verified.claims) {
        refusals_.count(to_string(ErrorCode::unauthorized));
        spdlog::info("{}:{} - unauthorized: {}", websocket.client().host, websocket.client().port,
                     verified.refusal);
    }
    return std::move(verified.claims);
}

void ConnectionManager::end_by_expiry(const WebSocket& websocket) {
    if (websocket.connected()) {
        refusals_.count(to_string(ErrorCode::token_expired));
        websocket.post_text(messages_.error(ErrorCode::token_expired));
        websocket.post_close(beastapi::close_code::policy_violation, "Unauthorized");
    }
}

std::optional<std::chrono::seconds> ConnectionManager::refresh(const WebSocket& websocket,
                                                               std::string_view token) {
    const Member& member = members_.at(websocket);
    if (member.expiry == nullptr) {
        return std::nullopt;
    }
    const auto now = system_clock::now();
    const auto verified = verifier_->verify(token, now);
    if (!verified.claims || name_key(verified.claims->name) != name_key(member.user->name)) {
        return std::nullopt;
    }
    member.expiry->expire_after(verified.claims->valid_until - now);
    // Within the leeway it has run out by our clock, and holds nevertheless.
    return std::max(std::chrono::floor<std::chrono::seconds>(verified.claims->expires_at - now),
                    std::chrono::seconds(0));
}

bool ConnectionManager::may_see_users(const WebSocket& websocket) const {
    return !requires_tokens() || !get_username(websocket).empty();
}

bool ConnectionManager::may_see_users(const beastapi::Request& request) const {
    if (!requires_tokens()) {
        return true;
    }
    const auto token = token_of(request);
    return token && verifier_->verify(*token, system_clock::now()).claims;
}
// [/tokens]

}  // namespace chat
