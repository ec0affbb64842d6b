// Which names a user may have.
#pragma once

#include <string_view>

namespace chat {

/// Whether `name` is 1 to 32 Unicode code points of valid UTF-8, without control characters, and
/// without a blank (Unicode's White_Space) at either end.
bool is_valid_username(std::string_view name);

}  // namespace chat
