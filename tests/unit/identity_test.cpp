// Which honest tokens hold, where they come from, and which keys are refused.
#include "unit/token_checks.hpp"

#include <fmt/format.h>

#include <initializer_list>
#include <stdexcept>
#include <utility>

using namespace std::chrono_literals;
using namespace test;
using chat::IdentitySettings;
using chat::subprotocol_of;
using chat::token_of;
using chat::TokenAlgorithm;
using chat::TokenVerifier;

namespace {

void check_key_refused(IdentitySettings settings, const std::string& why) {
    BOOST_CHECK_EXCEPTION(TokenVerifier(std::move(settings)), std::invalid_argument,
                          [&](const auto& error) {
                              BOOST_TEST(error.what() == why);
                              return true;
                          });
}

beastapi::Request request(std::initializer_list<std::pair<const char*, const char*>> headers,
                          const char* token = nullptr) {
    beastapi::Request made;
    for (const auto& [name, value] : headers) {
        made.headers.add(name, value);
    }
    if (token != nullptr) {
        made.query_params.add("token", token);
    }
    return made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(identity)

BOOST_AUTO_TEST_CASE(an_honest_token_of_each_algorithm_holds) {
    check_holds(verify(sign_token(hs256, good, "HS256", secret)));
    check_holds(verify(sign_token(rs256, good, "RS256", rsa_key().private_key),
                       {.algorithm = TokenAlgorithm::rs256, .key = rsa_key().public_key}));
    const KeyPair key = make_ec_key();
    check_holds(verify(sign_token(es256, good, "ES256", key.private_key),
                       {.algorithm = TokenAlgorithm::es256, .key = key.public_key}));
}

BOOST_AUTO_TEST_CASE(its_claims_are_the_name_and_the_end) {
    const auto verified =
        verify_claims(R"({"sub":"Ame\u0301lie","exp":1700003600,"role":"guest"})");
    check_holds(verified);
    BOOST_TEST(verified.claims->name == "Am\u00E9lie");
    BOOST_TEST((verified.claims->expires_at == now + 1h));
    BOOST_TEST((verified.claims->valid_until == now + 1h + 30s));
}

BOOST_AUTO_TEST_CASE(any_bytes_are_a_secret) {
    std::string key(40, '\0');
    key[0] = '\xFF';
    check_holds(verify(make_token(good, key), {.algorithm = TokenAlgorithm::hs256, .key = key}));
    std::string other = key;
    other.back() = 'x';
    check_refused(verify(make_token(good, other), {.algorithm = TokenAlgorithm::hs256, .key = key}),
                  "the signature is invalid");
}

BOOST_AUTO_TEST_CASE(exp_is_required_and_a_number) {
    const std::string why = "the token has no exp";
    check_refused(verify_claims(R"({"sub":"Alice"})"), why);
    for (const auto* exp : {"\"1700003600\"", "null", "true", "[1700003600]", "{}", "\"\""}) {
        check_refused(verify_claims(fmt::format(R"({{"sub":"Alice","exp":{}}})", exp)), why);
    }
    check_holds(verify_claims(R"({"sub":"Alice","exp":1700003600.5})"));
    check_holds(verify_claims(R"({"sub":"Alice","exp":1.7000036e9})"));
}

BOOST_AUTO_TEST_CASE(a_token_holds_until_the_leeway_after_its_end) {
    check_holds(verify_claims(R"({"sub":"Alice","exp":1699999971})"));
    check_refused(verify_claims(R"({"sub":"Alice","exp":1699999970})"), "the token has expired");
    check_refused(verify_claims(R"({"sub":"Alice","exp":0})"), "the token has expired");
    check_refused(verify_claims(R"({"sub":"Alice","exp":-1700003600})"), "the token has expired");
    IdentitySettings strict = with_secret();
    strict.leeway = 0s;
    check_holds(verify_claims(R"({"sub":"Alice","exp":1700000001})", strict));
    check_refused(verify_claims(R"({"sub":"Alice","exp":1700000000})", strict),
                  "the token has expired");
}

BOOST_AUTO_TEST_CASE(a_time_beyond_the_clock_is_far_away_and_no_fault) {
    for (const auto* far : {"9007199254740993", "9223372036854775807", "1e300"}) {
        const auto verified = verify_claims(fmt::format(R"({{"sub":"Alice","exp":{}}})", far));
        check_holds(verified);
        BOOST_TEST((verified.claims->valid_until > now + 24h * 365 * 100));
        check_refused(
            verify_claims(fmt::format(R"({{"sub":"Alice","exp":1700003600,"nbf":{}}})", far)),
            "the token is not valid yet");
        check_refused(verify_claims(fmt::format(R"({{"sub":"Alice","exp":-{}}})", far)),
                      "the token has expired");
    }
    // No numbers in JSON, or none that fit anywhere.
    for (const auto* strange : {"1e999", "99999999999999999999", "NaN", "Infinity", "0x7FFFFFFF"}) {
        BOOST_TEST(!verify_claims(fmt::format(R"({{"sub":"Alice","exp":{}}})", strange)).claims);
    }
}

BOOST_AUTO_TEST_CASE(nbf_is_checked_where_the_token_has_it) {
    const std::string why = "the token is not valid yet";
    const auto with = [](const char* nbf) {
        return verify_claims(fmt::format(R"({{"sub":"Alice","exp":1700003600,"nbf":{}}})", nbf));
    };
    check_holds(with("1699990000"));
    check_holds(with("1700000030"));
    check_refused(with("1700000031"), why);
    check_refused(with("1700000030.5"), why);
    check_refused(with("\"1699990000\""), why);
    check_refused(with("null"), why);
}

BOOST_AUTO_TEST_CASE(the_audience_is_checked) {
    const std::string why = "the token is for another audience";
    IdentitySettings settings = with_secret();
    settings.audience = "chat";
    const auto with = [&](const char* aud, const IdentitySettings& us) {
        return verify_claims(fmt::format(R"({{"sub":"Alice","exp":1700003600,"aud":{}}})", aud),
                             us);
    };
    check_holds(with("\"chat\"", settings));
    check_holds(with("[\"mail\",\"chat\"]", settings));
    check_holds(with("[1,\"chat\"]", settings));
    for (const auto* other : {"\"mail\"", "\"Chat\"", "\"chat \"", "\"\"", "[]", "[\"mail\"]",
                              "[[\"chat\"]]", "{\"chat\":\"chat\"}", "null", "1"}) {
        check_refused(with(other, settings), why);
    }
    check_refused(verify_claims(good, settings), why);
    // RFC 7519, section 4.1.3: who is nobody's audience refuses what is meant for somebody.
    check_refused(with("\"chat\"", with_secret()), why);
    check_refused(with("\"\"", with_secret()), why);
    check_refused(with("[\"\"]", with_secret()), why);
}

BOOST_AUTO_TEST_CASE(the_issuer_is_checked_where_it_is_set) {
    const std::string why = "the token is from another issuer";
    IdentitySettings settings = with_secret();
    settings.issuer = "school";
    const std::string from_school = R"({"sub":"Alice","exp":1700003600,"iss":"school"})";
    check_holds(verify_claims(from_school, settings));
    check_holds(verify_claims(from_school));
    check_refused(verify_claims(R"({"sub":"Alice","exp":1700003600,"iss":"club"})", settings), why);
    check_refused(verify_claims(R"({"sub":"Alice","exp":1700003600,"iss":["school"]})", settings),
                  why);
    check_refused(verify_claims(good, settings), why);
}

BOOST_AUTO_TEST_CASE(sub_is_a_name) {
    for (const auto* sub : {"1", "null", "true", "[\"Alice\"]", "{\"name\":\"Alice\"}"}) {
        check_refused(verify_claims(fmt::format(R"({{"sub":{},"exp":1700003600}})", sub)),
                      "the token has no sub");
    }
    check_refused(verify_claims(R"({"exp":1700003600})"), "the token has no sub");
    check_refused(verify_claims(R"({"sub":"","exp":1700003600})"), "the token's sub isn't a name");
    check_refused(verify_claims(R"({"sub":"Al\u200Bice","exp":1700003600})"),
                  "the token's sub isn't a name");
    BOOST_TEST(!verify_claims(R"({"sub":"Alice\u0000","exp":1700003600})").claims);
    BOOST_TEST(!verify_claims("{\"sub\":\"Alice\xFF\",\"exp\":1700003600}").claims);
}

BOOST_AUTO_TEST_CASE(the_last_of_two_claims_of_one_name_counts) {
    // RFC 7519, section 4 leaves the choice between that and a refusal.
    const auto verified = verify_claims(R"({"sub":"Alice","sub":"Bob","exp":1,"exp":1700003600})");
    check_holds(verified);
    BOOST_TEST(verified.claims->name == "Bob");
    check_refused(verify_claims(R"({"sub":"Alice","exp":1700003600,"exp":1})"),
                  "the token has expired");
}

BOOST_AUTO_TEST_CASE(a_key_that_does_not_fit_the_algorithm_is_refused) {
    const std::string& rsa = rsa_key().public_key;
    const std::string ec = make_ec_key().public_key;
    check_key_refused({.algorithm = TokenAlgorithm::hs256, .key = secret.substr(1)},
                      "the secret is shorter than 32 bytes");
    check_key_refused({.algorithm = TokenAlgorithm::hs256, .key = ""},
                      "the secret is shorter than 32 bytes");
    check_key_refused({.algorithm = TokenAlgorithm::hs256, .key = rsa},
                      "this is a key in PEM, not a secret");
    for (const auto algorithm : {TokenAlgorithm::rs256, TokenAlgorithm::es256}) {
        for (const auto& key : {std::string(), secret, rsa_key().private_key, rsa.substr(0, 200),
                                std::string("-----BEGIN PUBLIC KEY-----\n")}) {
            check_key_refused({.algorithm = algorithm, .key = key},
                              "this isn't a public key in PEM");
        }
    }
    check_key_refused({.algorithm = TokenAlgorithm::rs256, .key = ec},
                      "RS256 needs an RSA key, but this is another kind");
    check_key_refused({.algorithm = TokenAlgorithm::rs256, .key = make_rsa_key(1024).public_key},
                      "the RSA key is shorter than 2048 bits");
    const std::string why = "ES256 needs a key on the curve P-256, but this is another kind";
    check_key_refused({.algorithm = TokenAlgorithm::es256, .key = rsa}, why);
    check_key_refused({.algorithm = TokenAlgorithm::es256, .key = make_ec_key("P-384").public_key},
                      why);
    check_key_refused(
        {.algorithm = TokenAlgorithm::es256, .key = make_ec_key("secp256k1").public_key}, why);
}

BOOST_AUTO_TEST_CASE(a_token_comes_in_one_of_three_ways) {
    BOOST_TEST(token_of(request({{"Authorization", "Bearer a.b.c"}})).value() == "a.b.c");
    BOOST_TEST(token_of(request({{"authorization", "bEARER   a.b.c "}})).value() == "a.b.c");
    BOOST_TEST(token_of(request({}, "a.b.c")).value() == "a.b.c");
    BOOST_TEST(token_of(request({{"Sec-WebSocket-Protocol", "bearer, a.b.c"}})).value() == "a.b.c");
    BOOST_TEST(token_of(request({{"Sec-WebSocket-Protocol", "bearer,a.b.c"}})).value() == "a.b.c");
    BOOST_TEST(
        token_of(request({{"Sec-WebSocket-Protocol", "chat,\tbearer , a.b.c, x"}})).value() ==
        "a.b.c");
}

BOOST_AUTO_TEST_CASE(or_does_not_come) {
    BOOST_TEST(!token_of(request({})));
    BOOST_TEST(!token_of(request({{"Authorization", "Basic QWxpY2U6"}})));
    BOOST_TEST(!token_of(request({{"Authorization", "Bearer"}})));
    BOOST_TEST(!token_of(request({{"Authorization", "a.b.c"}})));
    BOOST_TEST(token_of(request({{"Authorization", "Bearer "}})).value() == "");
    for (const auto* protocols : {"", ",", "bearer", "bearer,", "bearer, ", "a.b.c",
                                  "a.b.c, bearer", "Bearer, a.b.c", "bearer a.b.c"}) {
        BOOST_TEST(!token_of(request({{"Sec-WebSocket-Protocol", protocols}})), protocols);
    }
}

BOOST_AUTO_TEST_CASE(the_header_counts_before_the_query_and_that_before_the_subprotocol) {
    BOOST_TEST(
        token_of(
            request({{"Authorization", "Bearer 1"}, {"Sec-WebSocket-Protocol", "bearer, 3"}}, "2"))
            .value() == "1");
    BOOST_TEST(token_of(request({{"Sec-WebSocket-Protocol", "bearer, 3"}}, "2")).value() == "2");
    BOOST_TEST(token_of(request({{"Authorization", "Basic x"}}, "2")).value() == "2");
}

BOOST_AUTO_TEST_CASE(the_subprotocol_bearer_is_chosen_where_it_is_offered) {
    BOOST_TEST(subprotocol_of(request({})) == "");
    BOOST_TEST(subprotocol_of(request({{"Sec-WebSocket-Protocol", "chat"}})) == "");
    BOOST_TEST(subprotocol_of(request({{"Sec-WebSocket-Protocol", "bearer, a.b.c"}})) == "bearer");
    BOOST_TEST(subprotocol_of(request({{"Sec-WebSocket-Protocol", "chat, bearer"}})) == "bearer");
}

BOOST_AUTO_TEST_SUITE_END()
