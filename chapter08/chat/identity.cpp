// Tokens by libjwt, keys by OpenSSL.
//
// jwt_decode() believes the token about the algorithm: with a public key in hand it would take a
// token that somebody signed with that very key as the secret of an HS256. Hence the order of
// verify(): the token's form first, then its header by our setting, and only then its signature.
#include "chat/identity.hpp"

#include "chat/names.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <jwt.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <climits>
#include <cstdlib>
#include <memory>
#include <stdexcept>

namespace chat {

namespace json = boost::json;
using std::chrono::system_clock;

namespace {

// libjwt copies parts of a token to the stack: what is longer never reaches it.
constexpr std::size_t max_token = 4096;
constexpr std::size_t shortest_secret = 32;  // RFC 7518, section 3.2
constexpr int shortest_rsa_key = 2048;       // bits; RFC 7518, section 3.3
// In seconds since 1970: the clock counts nanoseconds, and would run over in 2262.
constexpr double latest_time = 7'000'000'000;

struct Free {
    void operator()(jwt_t* jwt) const { jwt_free(jwt); }
    void operator()(char* text) const { std::free(text); }  // libjwt takes them from malloc()
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

const char* name_of(TokenAlgorithm algorithm) {
    switch (algorithm) {
        case TokenAlgorithm::hs256:
            return "HS256";
        case TokenAlgorithm::rs256:
            return "RS256";
        case TokenAlgorithm::es256:
            return "ES256";
    }
    std::abort();
}

jwt_alg_t libjwt_algorithm(TokenAlgorithm algorithm) {
    return jwt_str_alg(name_of(algorithm));
}

/// Asks for no passphrase: a public key has none.
int no_passphrase(char*, int, int, void*) {
    return -1;
}

Owned<EVP_PKEY> read_public_key(const std::string& pem) {
    if (pem.size() > INT_MAX) {
        return nullptr;
    }
    const Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    Owned<EVP_PKEY> key(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    return key;
}

bool is_on_p256(const EVP_PKEY& key) {
    std::array<char, 64> group{};
    return EVP_PKEY_get_group_name(&key, group.data(), group.size(), nullptr) == 1 &&
           std::string_view(group.data()) == "prime256v1";
}

void check_key(const IdentitySettings& settings) {
    if (settings.algorithm == TokenAlgorithm::hs256) {
        if (settings.key.size() < shortest_secret) {
            throw std::invalid_argument("the secret is shorter than 32 bytes");
        }
        if (settings.key.starts_with("-----BEGIN ")) {
            throw std::invalid_argument("this is a key in PEM, not a secret");
        }
        return;
    }
    const auto key = read_public_key(settings.key);
    if (!key) {
        throw std::invalid_argument("this isn't a public key in PEM");
    }
    if (settings.algorithm == TokenAlgorithm::rs256) {
        if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
            throw std::invalid_argument("RS256 needs an RSA key, but this is another kind");
        }
        if (EVP_PKEY_get_bits(key.get()) < shortest_rsa_key) {
            throw std::invalid_argument("the RSA key is shorter than 2048 bits");
        }
    } else if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_EC || !is_on_p256(*key)) {
        throw std::invalid_argument(
            "ES256 needs a key on the curve P-256, but this is another kind");
    }
}

/// Three parts of base64url (RFC 7515, section 3.1), none of them empty.
bool has_the_form_of_a_token(std::string_view token) {
    int parts = 1;
    char before = '.';
    for (const char c : token) {
        if (c == '.') {
            if (before == '.') {
                return false;
            }
            ++parts;
        } else if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_') {
            return false;
        }
        before = c;
    }
    return parts == 3 && before != '.';
}

/// The token without a look at its signature; null if it is none.
Owned<jwt_t> parse(const std::string& token) {
    jwt_t* jwt = nullptr;
    const int error = jwt_decode(&jwt, token.c_str(), nullptr, 0);
    Owned<jwt_t> parsed(jwt);
    return error == 0 ? std::move(parsed) : nullptr;
}

json::object to_object(char* text) {
    const Owned<char> owned(text);
    if (text == nullptr) {
        return {};
    }
    boost::system::error_code error;
    json::value value = json::parse(text, error);
    return !error && value.is_object() ? std::move(value.get_object()) : json::object();
}

bool is_string(const json::value* value, std::string_view text) {
    return value != nullptr && value->is_string() && value->get_string() == text;
}

/// A NumericDate (RFC 7519, section 2), which may have a fraction.
std::optional<system_clock::time_point> to_time(const json::value& value) {
    if (!value.is_number()) {
        return std::nullopt;
    }
    const double seconds = std::clamp(value.to_number<double>(), -latest_time, latest_time);
    return system_clock::time_point(
        std::chrono::duration_cast<system_clock::duration>(std::chrono::duration<double>(seconds)));
}

bool is_for(const json::value* audience, std::string_view us) {
    if (audience == nullptr) {
        return us.empty();
    }
    if (const json::array* several = audience->if_array()) {
        return !us.empty() && std::any_of(several->begin(), several->end(),
                                          [&](const auto& one) { return is_string(&one, us); });
    }
    return !us.empty() && is_string(audience, us);
}

VerifiedToken refused(std::string_view why) {
    return {std::nullopt, why};
}

}  // namespace

TokenVerifier::TokenVerifier(IdentitySettings settings) : settings_(std::move(settings)) {
    check_key(settings_);
}

// [verify]
VerifiedToken TokenVerifier::verify(std::string_view token, system_clock::time_point now) const {
    if (token.size() > max_token) {
        return refused("the token is longer than 4096 bytes");
    }
    if (!has_the_form_of_a_token(token)) {
        return refused("it isn't a token");
    }
    const std::string text(token);
    const auto jwt = parse(text);
    if (!jwt) {
        return refused("it isn't a token");
    }
    const json::object header = to_object(jwt_get_headers_json(jwt.get(), nullptr));
    if (!is_string(header.if_contains("alg"), name_of(settings_.algorithm))) {
        return refused("the token is signed with another algorithm");
    }
    if (header.contains("crit")) {
        return refused("the token requires an extension");  // RFC 7515, section 4.1.11
    }
    if (!is_signed(text)) {
        return refused("the signature is invalid");
    }

    const json::object claims = to_object(jwt_get_grants_json(jwt.get(), nullptr));
    const json::value* exp = claims.if_contains("exp");
    const auto expires_at = exp != nullptr ? to_time(*exp) : std::nullopt;
    if (!expires_at) {
        return refused("the token has no exp");
    }
    const auto valid_until = *expires_at + settings_.leeway;
    if (now >= valid_until) {
        return refused("the token has expired");
    }
    if (const json::value* nbf = claims.if_contains("nbf")) {
        const auto not_before = to_time(*nbf);
        if (!not_before || now < *not_before - settings_.leeway) {
            return refused("the token is not valid yet");
        }
    }
    if (!is_for(claims.if_contains("aud"), settings_.audience)) {
        return refused("the token is for another audience");
    }
    if (!settings_.issuer.empty() && !is_string(claims.if_contains("iss"), settings_.issuer)) {
        return refused("the token is from another issuer");
    }
    const json::value* sub = claims.if_contains("sub");
    if (sub == nullptr || !sub->is_string()) {
        return refused("the token has no sub");
    }
    auto name = normalize_name(std::string_view(sub->get_string()));
    if (!name) {
        return refused("the token's sub isn't a name");
    }
    return {TokenClaims{std::move(*name), *expires_at, valid_until}, {}};
}
// [/verify]

bool TokenVerifier::is_signed(const std::string& token) const {
    jwt_t* jwt = nullptr;
    const int error = jwt_decode(&jwt, token.c_str(),
                                 reinterpret_cast<const unsigned char*>(settings_.key.data()),
                                 static_cast<int>(settings_.key.size()));
    const Owned<jwt_t> verified(jwt);
    ERR_clear_error();
    return error == 0 && jwt_get_alg(jwt) == libjwt_algorithm(settings_.algorithm);
}

namespace {

std::string_view trim(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool equal_without_case(std::string_view one, std::string_view other) {
    return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) ==
               std::tolower(static_cast<unsigned char>(b));
    });
}

/// The pair `bearer, TOKEN` among the subprotocols; nothing if `bearer` is not offered. The token
/// is empty if none follows.
std::optional<std::string_view> offered_token(const beastapi::Request& request) {
    std::string_view rest = request.headers.get("Sec-WebSocket-Protocol").value_or("");
    bool bearer = false;
    while (!rest.empty()) {
        const auto comma = std::min(rest.find(','), rest.size());
        const std::string_view protocol = trim(rest.substr(0, comma));
        rest.remove_prefix(std::min(comma + 1, rest.size()));
        if (bearer) {
            return protocol;
        }
        bearer = protocol == "bearer";
    }
    return bearer ? std::optional<std::string_view>("") : std::nullopt;
}

}  // namespace

// [token_of]
std::optional<std::string> token_of(const beastapi::Request& request) {
    constexpr std::string_view scheme = "Bearer ";
    const std::string_view authorization = request.headers.get("Authorization").value_or("");
    if (equal_without_case(authorization.substr(0, scheme.size()), scheme)) {
        return std::string(trim(authorization.substr(scheme.size())));
    }
    if (const auto token = request.query_params.get("token")) {
        return std::string(*token);
    }
    if (const auto token = offered_token(request); token && !token->empty()) {
        return std::string(*token);
    }
    return std::nullopt;
}
// [/token_of]

std::string subprotocol_of(const beastapi::Request& request) {
    return offered_token(request) ? "bearer" : "";
}

}  // namespace chat
