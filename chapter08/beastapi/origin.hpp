// The origin of a page: which server a browser has it from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace beastapi {

/// What a browser sends in `Origin` (RFC 6454, section 7): `https://example.org:8443`.
struct Origin {
    std::string scheme;  ///< in lower case
    std::string host;    ///< in lower case; an IPv6 address in brackets
    unsigned port = 0;   ///< the scheme's own where none was named; 0 if the scheme has none

    friend bool operator==(const Origin&, const Origin&) = default;
};

/// What a request says in `Host` (RFC 9110, section 7.2).
struct Host {
    std::string name;                   ///< in lower case; an IPv6 address in brackets
    std::optional<std::uint16_t> port;  ///< nothing where none was named
};

/// Reads `host` or `host:port`; nothing if it is anything else.
std::optional<Host> parse_host(std::string_view text);

/// Reads `scheme://host` or `scheme://host:port`; nothing if it is anything else, such as a URL
/// with a path, or `null`, which means a page that has no origin.
std::optional<Origin> parse_origin(std::string_view text);

/// Whether a page of `origin` comes from the server that is asked as `host` (the request's `Host`).
///
/// Only host and port are compared: behind a proxy that ends TLS the server does not know which
/// scheme the browser used.
bool is_same_origin(std::string_view origin, std::string_view host);

}  // namespace beastapi
