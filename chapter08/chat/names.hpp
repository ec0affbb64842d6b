// The names of users and rooms.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace chat {

/// Who speaks without a name; nobody can take it for one.
inline constexpr std::string_view anonymous = "Anonymous";

/// The name as it is shown: UTF-8 in Unicode's Normalization Form C. Nothing if users and rooms may
/// not be called that; the rules are in docs/protocol.md, section "Names".
///
/// Every code point of a name can be seen, so that two names that look alike are not told apart by
/// something invisible, and none of them turns the text around it (Unicode Technical Standard 39).
std::optional<std::string> normalize_name(std::string_view name);

/// What two names have in common when they are one name: Unicode's NFKC_Casefold, under which case,
/// width and compatibility variants are equal. To compare with, not to show. `name` is normalised.
std::string name_key(std::string_view name);

}  // namespace chat
