// What the tests of tokens share: a secret, a time, and how a token is judged.
#pragma once

#include "chat/identity.hpp"
#include "support/keys.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>

namespace test {

inline const std::string secret = "a secret of 32 bytes, or of more";
inline const std::chrono::system_clock::time_point now =
    std::chrono::system_clock::from_time_t(1'700'000'000);
inline const std::string hs256 = R"({"alg":"HS256"})";
inline const std::string rs256 = R"({"alg":"RS256"})";
inline const std::string es256 = R"({"alg":"ES256"})";
inline const std::string good = R"({"sub":"Alice","exp":1700003600})";

inline chat::IdentitySettings with_secret() {
    return {.algorithm = chat::TokenAlgorithm::hs256, .key = secret};
}

/// A key takes a while to make: one does for all tests.
inline const KeyPair& rsa_key() {
    static const KeyPair key = make_rsa_key();
    return key;
}

inline void check_holds(const chat::VerifiedToken& verified) {
    BOOST_TEST(verified.claims.has_value(), verified.refusal);
    BOOST_TEST(verified.refusal == "");
}

inline void check_refused(const chat::VerifiedToken& verified, std::string_view why) {
    BOOST_TEST(!verified.claims);
    BOOST_TEST(verified.refusal == why);
}

inline chat::VerifiedToken verify(const std::string& token,
                                  chat::IdentitySettings settings = with_secret()) {
    return chat::TokenVerifier(std::move(settings)).verify(token, now);
}

/// The claims, honestly signed.
inline chat::VerifiedToken verify_claims(const std::string& claims,
                                         chat::IdentitySettings settings = with_secret()) {
    return verify(make_token(claims, secret), std::move(settings));
}

}  // namespace test
