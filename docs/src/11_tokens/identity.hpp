// Chapter 11: whom a token is about, and until when it holds.
#pragma once

#include <jwt.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

using std::chrono::system_clock;

// [settings]
inline const char* const environment = std::getenv("JWT_SECRET");
inline const std::string secret =
    environment ? environment : "for this chapter only: 32 bytes or more";
constexpr std::chrono::seconds leeway(30);  // by which clocks may differ
// [/settings]

// [verify]
struct FreeJwt {
    void operator()(jwt_t* token) const { jwt_free(token); }
};
using Jwt = std::unique_ptr<jwt_t, FreeJwt>;

struct Claims {
    std::string username;
    system_clock::time_point expires;
};

inline std::optional<Claims> verify(const std::string& token) {
    jwt_t* decoded = nullptr;
    const auto* key = reinterpret_cast<const unsigned char*>(secret.data());
    const int error = jwt_decode(&decoded, token.c_str(), key, static_cast<int>(secret.size()));
    const Jwt jwt(decoded);
    if (error != 0 || jwt_get_alg(jwt.get()) != JWT_ALG_HS256) {
        return std::nullopt;
    }
    const char* sub = jwt_get_grant(jwt.get(), "sub");
    const std::chrono::seconds exp(jwt_get_grant_int(jwt.get(), "exp"));  // 0 if there is none
    const std::chrono::seconds nbf(jwt_get_grant_int(jwt.get(), "nbf"));
    const auto now = system_clock::now().time_since_epoch();
    if (sub == nullptr || now >= exp + leeway || now < nbf - leeway) {
        return std::nullopt;
    }
    return Claims{sub, system_clock::time_point(exp + leeway)};
}
// [/verify]
