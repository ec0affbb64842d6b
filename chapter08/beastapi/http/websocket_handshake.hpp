// What the opening handshake of a WebSocket asks for, and what is wrong with it.
#pragma once

#include "beastapi/request.hpp"
#include "beastapi/response.hpp"

#include <optional>
#include <string>

namespace beastapi::detail {

/// Why a handshake is refused, or nothing (RFC 6455, section 4.2.1).
std::optional<Response> handshake_refusal(const Request& request);

/// The first subprotocol that the client offers (RFC 6455, section 11.3.4); empty if it offers
/// none.
std::string first_subprotocol(const Request& request);

}  // namespace beastapi::detail
