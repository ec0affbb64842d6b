// What the chat asks of a client's token.
#pragma once

#include "beastapi/refusals.hpp"
#include "beastapi/request.hpp"
#include "chat/chat_settings.hpp"
#include "chat/identity.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace chat {

/// Lets a client take a name: any client any name, or, with identity settings, only a client with a
/// token for it.
class Authenticator {
public:
    /// `refusals` has to outlive it.
    Authenticator(const ChatSettings& settings, beastapi::Refusals& refusals);

    /// Whether only tokens give names.
    bool requires_tokens() const noexcept { return verifier_.has_value(); }

    /// Whether nobody gets in without one, not even without a name.
    bool requires_token_of_all() const noexcept { return requires_tokens() && of_all_; }

    /// What the request's token says, if it's valid, and for that name if one is given. Otherwise
    /// counts and logs the refusal.
    std::optional<TokenClaims> authenticate(const beastapi::Request& request,
                                            const std::optional<std::string>& name);

    /// What a new token says, if it's valid and for that name.
    std::optional<TokenClaims> renew(std::string_view token, std::string_view name) const;

    /// Whether a request may be told who is connected: any, or, where tokens give the names, one
    /// with a valid token.
    bool may_see_users(const beastapi::Request& request) const;

    /// Whether a request may ask for a list at all: any, or, where all need a token, one with a
    /// token that holds. Otherwise the refusal is counted and logged.
    bool may_ask(const beastapi::Request& request);

private:
    std::optional<TokenVerifier> verifier_;
    bool of_all_;
    beastapi::Refusals& refusals_;
};

}  // namespace chat
