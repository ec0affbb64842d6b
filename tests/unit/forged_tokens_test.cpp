// What an attacker makes of tokens, and that none of it holds.
#include "unit/token_checks.hpp"

#include <fmt/format.h>

using namespace test;
using chat::IdentitySettings;
using chat::TokenAlgorithm;

BOOST_AUTO_TEST_SUITE(forged_tokens)

BOOST_AUTO_TEST_CASE(none_is_refused_however_it_is_written) {
    for (const auto* alg : {"none", "None", "NONE", "nOnE"}) {
        const std::string header = fmt::format(R"({{"alg":"{}"}})", alg);
        BOOST_TEST(!verify(sign_token(header, good, "none", "")).claims);
        BOOST_TEST(!verify(sign_token(header, good, "none", "") + "x").claims);
        BOOST_TEST(!verify(sign_token(header, good, "HS256", secret)).claims);
        BOOST_TEST(!verify(sign_token(header, good, "HS256", secret),
                           {.algorithm = TokenAlgorithm::rs256, .key = rsa_key().public_key})
                        .claims);
    }
}

BOOST_AUTO_TEST_CASE(a_public_key_is_no_secret) {
    const IdentitySettings settings{.algorithm = TokenAlgorithm::rs256,
                                    .key = rsa_key().public_key};
    const std::string& key = rsa_key().public_key;
    check_refused(verify(sign_token(hs256, good, "HS256", key), settings),
                  "the token is signed with another algorithm");
    // Without the line break at the end, and with a header that says RS256 all the same.
    check_refused(verify(sign_token(hs256, good, "HS256", key.substr(0, key.size() - 1)), settings),
                  "the token is signed with another algorithm");
    check_refused(verify(sign_token(rs256, good, "HS256", key), settings),
                  "the signature is invalid");
}

BOOST_AUTO_TEST_CASE(the_algorithm_is_the_settings_own) {
    const std::string why = "the token is signed with another algorithm";
    check_refused(verify(sign_token(R"({"alg":"HS384"})", good, "HS384", secret)), why);
    check_refused(verify(sign_token(rs256, good, "RS256", rsa_key().private_key)), why);
    check_refused(verify(sign_token(R"({"typ":"JWT"})", good, "HS256", secret)),
                  "it isn't a token");
    check_refused(verify(sign_token(R"({"alg":256})", good, "HS256", secret)), "it isn't a token");
    check_refused(verify(sign_token(R"({"alg":["HS256"]})", good, "HS256", secret)),
                  "it isn't a token");
    check_refused(verify(sign_token(R"({"alg":"HS256 "})", good, "HS256", secret)),
                  "it isn't a token");
    const KeyPair key = make_ec_key();
    check_refused(verify(sign_token(es256, good, "ES256", key.private_key),
                         {.algorithm = TokenAlgorithm::rs256, .key = rsa_key().public_key}),
                  why);
}

BOOST_AUTO_TEST_CASE(a_key_that_the_token_brings_along_is_not_used) {
    const std::string header =
        fmt::format(R"({{"alg":"HS256","kid":"../../dev/null","jwk":{{"kty":"oct","k":"{}"}}}})",
                    base64url("the secret of the attacker himself"));
    check_refused(verify(sign_token(header, good, "HS256", "the secret of the attacker himself")),
                  "the signature is invalid");
    check_refused(verify(sign_token(hs256, good, "HS256", "")), "the signature is invalid");
}

BOOST_AUTO_TEST_CASE(an_extension_that_must_be_understood_is_refused) {
    check_refused(
        verify(sign_token(R"({"alg":"HS256","crit":["b64"],"b64":false})", good, "HS256", secret)),
        "the token requires an extension");
}

BOOST_AUTO_TEST_CASE(a_token_that_was_changed_is_refused) {
    const std::string token = make_token(good, secret);
    for (std::size_t i = 0; i < token.size(); ++i) {
        std::string changed = token;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        BOOST_TEST(!verify(changed).claims, "changed at " << i);
        BOOST_TEST(!verify(token.substr(0, i)).claims, "cut off at " << i);
    }
    // Another's claims under an honest signature.
    const auto first = token.find('.');
    const auto second = token.rfind('.');
    check_refused(verify(token.substr(0, first + 1) +
                         base64url(R"({"sub":"Mallory","exp":1700003600})") + token.substr(second)),
                  "the signature is invalid");
}

BOOST_AUTO_TEST_CASE(another_keys_signature_does_not_hold) {
    const KeyPair ours = make_ec_key();
    const KeyPair theirs = make_ec_key();
    check_refused(verify(sign_token(es256, good, "ES256", theirs.private_key),
                         {.algorithm = TokenAlgorithm::es256, .key = ours.public_key}),
                  "the signature is invalid");
    check_refused(verify(sign_token(rs256, good, "RS256", make_rsa_key().private_key),
                         {.algorithm = TokenAlgorithm::rs256, .key = rsa_key().public_key}),
                  "the signature is invalid");
    // Both numbers zero: the signature that holds for anything where nobody checks their range.
    const std::string unsigned_part = base64url(es256) + "." + base64url(good) + ".";
    check_refused(verify(unsigned_part + base64url(std::string(64, '\0')),
                         {.algorithm = TokenAlgorithm::es256, .key = ours.public_key}),
                  "the signature is invalid");
    for (const std::size_t size : {1U, 63U, 65U, 256U, 2000U}) {
        check_refused(verify(unsigned_part + base64url(std::string(size, '\1')),
                             {.algorithm = TokenAlgorithm::es256, .key = ours.public_key}),
                      "the signature is invalid");
    }
}

BOOST_AUTO_TEST_CASE(what_has_not_the_form_of_a_token_is_refused) {
    const std::string token = make_token(good, secret);
    for (const auto& garbage : {std::string(),
                                std::string("."),
                                std::string(".."),
                                std::string("..."),
                                std::string("a.b"),
                                std::string("a.b.c"),
                                std::string(".e30.x"),
                                std::string("e30..x"),
                                std::string("e30.e30."),
                                std::string("W10.W10.x"),
                                token + ".",
                                token + ".x",
                                "." + token,
                                token + "=",
                                token + " ",
                                " " + token,
                                token + std::string(1, '\0'),
                                token + std::string(1, '\0') + "x",
                                token + "\n",
                                "Bearer " + token,
                                "\xFF" + token,
                                std::string("小明.小明.小明")}) {
        check_refused(verify(garbage), "it isn't a token");
    }
}

BOOST_AUTO_TEST_CASE(a_token_is_not_looked_at_beyond_4096_bytes) {
    // 4,096 bytes exactly: the filling makes up for what the rest of the token takes.
    std::size_t filling = 2900;
    std::string token;
    do {
        token = make_token(fmt::format(R"({{"sub":"Alice","exp":1700003600,"x":"{}"}})",
                                       std::string(filling, 'x')),
                           secret);
        ++filling;
    } while (token.size() < 4096);
    BOOST_TEST_REQUIRE(token.size() == 4096U);
    check_holds(verify(token));
    check_refused(verify(token + "A"), "the token is longer than 4096 bytes");
    check_refused(verify(std::string(100 * 1024, 'A')), "the token is longer than 4096 bytes");
    check_refused(verify(std::string(2000, '.')), "it isn't a token");
}

BOOST_AUTO_TEST_CASE(claims_that_are_no_object_are_refused) {
    for (const std::string claims : {"[]", "[1,2]", "\"Alice\"", "1", "null", "{", "{}x", "",
                                     "{\"sub\":\"Alice\"", "{'sub':'Alice','exp':1700003600}"}) {
        BOOST_TEST(!verify_claims(claims).claims, claims);
    }
    for (const int depth : {31, 33, 1000, 2900}) {
        const auto deep = static_cast<std::size_t>(depth) / 2;
        BOOST_TEST(!verify_claims(std::string(deep, '[') + std::string(deep, ']')).claims);
        BOOST_TEST(!verify_claims("{\"sub\":" + std::string(deep, '[')).claims);
    }
}

BOOST_AUTO_TEST_CASE(a_refusal_says_nothing_of_the_token) {
    const std::string token = make_token(R"({"sub":"Alice","exp":1})", secret);
    const auto verified = verify(token);
    BOOST_TEST(verified.refusal.find("Alice") == std::string_view::npos);
    BOOST_TEST(verified.refusal.find(token.substr(0, 8)) == std::string_view::npos);
}

BOOST_AUTO_TEST_SUITE_END()
