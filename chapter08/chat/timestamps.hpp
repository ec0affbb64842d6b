// Points in time as the chat writes and reads them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace chat {

/// Now, as RFC 3339 in UTC with milliseconds: `2024-01-01T12:00:00.123Z`.
std::string now_rfc3339();

/// The same of another moment, from 1970 on.
std::string to_rfc3339(std::chrono::system_clock::time_point time);

/// As Python's `datetime.isoformat()`: `2024-01-01T12:00:00.123456`, in UTC.
std::string isoformat(std::chrono::system_clock::time_point time);

/// Whether `text` is a date and time as RFC 3339, section 5.6, has them, with an offset, and with
/// nine digits of a second at most.
bool is_rfc3339(std::string_view text);

}  // namespace chat
