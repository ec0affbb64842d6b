// Keys of one test, made when it runs, and tokens signed with them.
#pragma once

#include <string>
#include <string_view>

namespace test {

/// A pair of keys as PEM.
struct KeyPair {
    std::string private_key;
    std::string public_key;
};

/// Throws std::runtime_error if OpenSSL makes none.
KeyPair make_rsa_key(int bits = 2048);
/// `curve` in OpenSSL's words: `P-256` is the one of ES256.
KeyPair make_ec_key(const std::string& curve = "P-256");

/// Without padding (RFC 4648, section 5).
std::string base64url(std::string_view bytes);

/// A token with this header and these claims, as they are written, whether JSON or not. `algorithm`
/// says how it is really signed: HS256, HS384, RS256, ES256, or `none` with an empty signature.
std::string sign_token(std::string_view header, std::string_view claims, std::string_view algorithm,
                       const std::string& key);

/// An honest HS256 token.
std::string make_token(std::string_view claims, const std::string& secret);

}  // namespace test
