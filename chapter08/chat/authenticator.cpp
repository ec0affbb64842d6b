#include "chat/authenticator.hpp"

#include "chat/client_message.hpp"
#include "chat/names.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

namespace chat {

using std::chrono::system_clock;

Authenticator::Authenticator(const std::optional<IdentitySettings>& settings,
                             beastapi::Refusals& refusals)
    : refusals_(refusals) {
    if (settings) {
        verifier_.emplace(*settings);
    }
}

// [authenticate]
std::optional<TokenClaims> Authenticator::authenticate(const beastapi::Request& request,
                                                       std::string_view name) {
    const auto token = token_of(request);
    VerifiedToken verified{.refusal = "there is no token"};
    if (token) {
        verified = verifier_->verify(*token, system_clock::now());
    }
    if (verified.claims && name_key(verified.claims->name) != name_key(name)) {
        verified = {.refusal = "the token is for another name"};
    }
    if (!verified.claims) {
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

}  // namespace chat
