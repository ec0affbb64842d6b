// The names under which the server answers: Starlette's TrustedHostMiddleware.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace beastapi {

/// Refuses a request, or a WebSocket handshake, whose `Host` is not one of these, with 400 `Invalid
/// host`. To be added by App::add_middleware().
///
/// Without it, a page of `evil.example` can have that name resolve to this server's address (DNS
/// rebinding). To the browser it is then of the server's own origin, and reads everything.
struct TrustedHostMiddleware {
    /// Names such as `chat.example.org`, `*.example.org` for all below it, addresses, networks such
    /// as `127.0.0.0/8`, or `*` for any host. Without a port: any port is allowed.
    std::vector<std::string> allowed_hosts{"*"};

    /// `host` is what the request says in `Host`.
    bool allows(std::string_view host) const;
    bool allows_every_host() const;

    /// Whether a text can be one of allowed_hosts.
    static bool is_pattern(std::string_view text);
};

}  // namespace beastapi
