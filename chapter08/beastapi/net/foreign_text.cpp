#include "beastapi/net/foreign_text.hpp"

#include <boost/url/rfc/pchars.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace beastapi::detail {

namespace urls = boost::urls;

std::string percent_encode_unsafe(std::string_view text) {
    // Brackets belong to the addresses of IPv6 alone; the parser refuses them in other places.
    static constexpr auto allowed = urls::pchars + '/' + '?' + '#' + '%' + '[' + ']';
    // Not by urls::encode(), which asserts that `%` is encoded, too: here it stays as it came.
    std::string encoded;
    encoded.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (allowed(byte)) {
            encoded.push_back(c);
        } else {
            fmt::format_to(std::back_inserter(encoded), "%{:02X}", byte);
        }
    }
    return encoded;
}

std::string for_log(std::string_view text) {
    constexpr std::size_t most = 128;
    std::string printable = percent_encode_unsafe(text.substr(0, most));
    if (text.size() > most || printable.size() > most) {
        printable.resize(std::min(printable.size(), most));
        printable += "…";
    }
    return printable;
}

}  // namespace beastapi::detail
