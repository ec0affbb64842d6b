// The names of users and rooms.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace chat {

/// The name as it is shown, or nothing if users and rooms may not be called that: 1 to 32 Unicode
/// code points of valid UTF-8, without control characters, and without a blank (Unicode's
/// White_Space) at either end.
std::optional<std::string> normalize_name(std::string_view name);

/// What two names have in common when they are one name. `name` is normalised.
std::string name_key(std::string_view name);

}  // namespace chat
