// Whether a request comes from the server's own machine.
#pragma once

#include "beastapi/request.hpp"

namespace beastapi::detail {

/// Whether the client is at a loopback address, in either of the ways to write IPv4.
bool is_at_loopback(const Request& request);

/// Whether a proxy that isn't trusted has passed the request on, so that anybody may have sent it.
/// Who comes through a trusted one is named by it, with port 0.
bool is_passed_on(const Request& request);

/// Whether a program of this machine has sent it, for all that can be known.
inline bool is_local(const Request& request) {
    return is_at_loopback(request) && !is_passed_on(request);
}

}  // namespace beastapi::detail
