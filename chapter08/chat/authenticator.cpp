#include "chat/authenticator.hpp"

#include "beastapi/security_log.hpp"
#include "chat/client_message.hpp"
#include "chat/names.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

namespace chat {

using std::chrono::system_clock;

Authenticator::Authenticator(const ChatSettings& settings, beastapi::Refusals& refusals)
    : of_all_(settings.require_token), refusals_(refusals) {
    if (settings.identity) {
        verifier_.emplace(*settings.identity);
    }
}

// [authenticate]
std::optional<TokenClaims> Authenticator::authenticate(const beastapi::Request& request,
                                                       const std::optional<std::string>& name) {
    const auto token = token_of(request);
    VerifiedToken verified{.refusal = "there is no token"};
    if (token) {
        verified = verifier_->verify(*token, system_clock::now());
    }
    if (verified.claims && name && name_key(verified.claims->name) != name_key(*name)) {
        verified = {.refusal = "the token is for another name"};
    }
    if (!verified.claims) {
        beastapi::log_security_event({.event = token ? "token_refused" : "token_missing",
                                      .client = request.client,
                                      .user = name ? std::string_view(*name) : "",
                                      .reason = verified.refusal});
        refusals_.count(to_string(ErrorCode::unauthorized));
        spdlog::info("{}:{} - unauthorized: {}", request.client.host, request.client.port,
                     verified.refusal);
    }
    return std::move(verified.claims);
}
// [/authenticate]

std::optional<TokenClaims> Authenticator::renew(std::string_view token,
                                                std::string_view name) const {
    auto verified = verifier_->verify(token, system_clock::now());
    if (verified.claims && name_key(verified.claims->name) != name_key(name)) {
        return std::nullopt;
    }
    return std::move(verified.claims);
}

bool Authenticator::may_see_users(const beastapi::Request& request) const {
    if (!requires_tokens()) {
        return true;
    }
    const auto token = token_of(request);
    return token && verifier_->verify(*token, system_clock::now()).claims;
}

bool Authenticator::may_ask(const beastapi::Request& request) {
    return !requires_token_of_all() || authenticate(request, std::nullopt);
}

}  // namespace chat
