// What strangers have sent, so that a parser of URLs and a log can take it.
#pragma once

#include <string>
#include <string_view>

namespace beastapi::detail {

/// Encodes as `%XX` what a request target may not have as it is (RFC 3986, section 2): controls,
/// blanks, all beyond ASCII, and marks such as `|` that browsers send raw. Escapes stay as they
/// are.
std::string percent_encode_unsafe(std::string_view text);

/// What a stranger sent as a log may hold it: printable, and at most some 128 bytes of it, so that
/// nobody fills a disk.
std::string for_log(std::string_view text);

}  // namespace beastapi::detail
