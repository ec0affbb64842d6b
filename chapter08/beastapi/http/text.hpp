// Text as HTTP and URLs carry it: percent-encoding, query strings, dates, names that ignore case.
#pragma once

#include "beastapi/request.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace beastapi::detail {

/// Whether two texts are equal without regard to the case of ASCII letters.
bool iequals(std::string_view a, std::string_view b);

/// Whether it is a token, such as the name of a header field (RFC 9110, section 5.6.2).
bool is_token(std::string_view text);

/// The items of a list of tokens such as `Vary: Origin, Cookie`; nothing if it is malformed
/// (RFC 9110, section 5.6.1).
std::optional<std::vector<std::string_view>> parse_token_list(std::string_view list);

/// Whether a list of tokens has `item`, without regard to case.
bool list_contains(std::string_view list, std::string_view item);

/// Decodes `%XX`; nothing if a `%` is not followed by two hexadecimal digits (RFC 3986,
/// section 2.1). The result may hold any byte; it is not checked to be UTF-8.
std::optional<std::string> percent_decode(std::string_view text);

/// Reads `a=1&b=2` as application/x-www-form-urlencoded (`+` is a blank); nothing if it is
/// malformed, or has more than max_query_params parameters.
std::optional<Params> parse_query(std::string_view query);

/// Each of them costs more memory than bytes on the wire.
inline constexpr std::size_t max_query_params = 100;

/// An HTTP date such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
std::string http_date(std::chrono::system_clock::time_point time);

/// Reads such a date (the preferred format only); nothing if it is none.
std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text);

}  // namespace beastapi::detail
