// The answers that no handler gives: to a request that could not be read, or that came too often.
#pragma once

#include "beastapi/response.hpp"

#include <boost/system/error_code.hpp>

#include <chrono>
#include <optional>

namespace beastapi::detail {

/// 429, to come back after `wait`.
Response too_many_requests(std::chrono::steady_clock::duration wait);

/// What to answer to a request that could not be read; nothing if the client has disconnected.
std::optional<Response> unreadable_request(const boost::system::error_code& error);

/// A file that was there and cannot be opened now.
Response unreadable_file(const boost::system::error_code& error);

}  // namespace beastapi::detail
