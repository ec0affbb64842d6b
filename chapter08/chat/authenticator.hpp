// What the chat asks of a client's token.
#pragma once

#include "beastapi/refusals.hpp"
#include "beastapi/request.hpp"
#include "chat/identity.hpp"

#include <optional>
#include <string_view>

namespace chat {

/// Lets a client take a name: anyone any name, or, with identity settings, only who brings a token
/// for it.
class Authenticator {
public:
    /// `refusals` has to outlive it.
    Authenticator(const std::optional<IdentitySettings>& settings, beastapi::Refusals& refusals);

    /// Whether only tokens give names.
    bool requires_tokens() const noexcept { return verifier_.has_value(); }

    /// What the request's token says, if it holds and is for that name. Otherwise the refusal is
    /// counted and logged.
    std::optional<TokenClaims> authenticate(const beastapi::Request& request,
                                            std::string_view name);

    /// What a new token says, if it holds and is for that name.
    std::optional<TokenClaims> renew(std::string_view token, std::string_view name) const;

    /// Whether a request may be told who is connected: any, or, where tokens give the names, one
    /// with a token that holds.
    bool may_see_users(const beastapi::Request& request) const;

private:
    std::optional<TokenVerifier> verifier_;
    beastapi::Refusals& refusals_;
};

}  // namespace chat
