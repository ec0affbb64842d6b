// Text as HTTP and URLs carry it: percent-encoding, query strings, dates, names that ignore case.
#pragma once

#include "beastapi/request.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace beastapi::detail {

/// Whether two ASCII texts are equal without regard to case.
bool iequals(std::string_view a, std::string_view b);

/// Decodes `%XX`; nothing if a `%` is not followed by two hexadecimal digits (RFC 3986,
/// section 2.1). The result may hold any byte; it is not checked to be UTF-8.
std::optional<std::string> percent_decode(std::string_view text);

/// Encodes as `%XX` what may not stand in a URL as it is: controls, blanks, and all beyond ASCII.
std::string percent_encode_unsafe(std::string_view text);

/// What a stranger sent as a log may hold it: printable, and at most some 128 bytes of it, so that
/// nobody fills a disk.
std::string for_log(std::string_view text);

/// Reads `a=1&b=2` as application/x-www-form-urlencoded (`+` is a blank); nothing if it is
/// malformed.
std::optional<Params> parse_query(std::string_view query);

/// An HTTP date such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
std::string http_date(std::chrono::system_clock::time_point time);

/// Reads such a date (the preferred format only); nothing if it is none.
std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text);

}  // namespace beastapi::detail
