// Who a client is, by a JSON Web Token (RFC 7519) that somebody else has signed.
#pragma once

#include "beastapi/request.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace chat {

/// How tokens are signed (RFC 7518, section 3.1).
enum class TokenAlgorithm { hs256, rs256, es256 };

/// Whose tokens are believed.
struct IdentitySettings {
    /// What a token has to be signed with, whatever it says itself.
    TokenAlgorithm algorithm = TokenAlgorithm::hs256;
    /// The secret of at least 32 bytes (HS256), or the public key as PEM: RSA of at least 2,048
    /// bits (RS256), or on the curve P-256 (ES256).
    std::string key;
    std::string audience{};  ///< has to be in a token's `aud`; empty: a token must not have one
    std::string issuer{};    ///< has to be a token's `iss`; empty: any
    /// How far the signer's clock may be off ours.
    std::chrono::seconds leeway{30};
};

/// What a token that holds says.
struct TokenClaims {
    std::string name;                                   ///< its `sub`, as normalize_name() gives it
    std::chrono::system_clock::time_point expires_at;   ///< its `exp`
    std::chrono::system_clock::time_point valid_until;  ///< with the leeway: refused from then on
};

/// The claims of a token, or else why it does not hold.
struct VerifiedToken {
    std::optional<TokenClaims> claims{};
    /// For the log. It holds nothing of the token.
    std::string_view refusal{};
};

/// Tells tokens that hold from others.
class TokenVerifier {
public:
    /// Throws std::invalid_argument if the key is none for the algorithm, and says why.
    explicit TokenVerifier(IdentitySettings settings);

    /// Never throws for what a client may send.
    VerifiedToken verify(std::string_view token, std::chrono::system_clock::time_point now) const;

private:
    bool is_signed(const std::string& token) const;

    IdentitySettings settings_;
};

/// The token that came with a request: in `Authorization: Bearer TOKEN` (RFC 6750, section 2.1), or
/// in `?token=TOKEN`, or in `Sec-WebSocket-Protocol: bearer, TOKEN`; the first of them that is
/// there.
std::optional<std::string> token_of(const beastapi::Request& request);

/// `bearer` if the client offers that subprotocol, else empty: what WebSocket::accept() is to
/// choose. A browser that offers one and gets none ends the connection.
std::string subprotocol_of(const beastapi::Request& request);

}  // namespace chat
