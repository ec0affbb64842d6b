// Fuzzes percent-decoding, and the query strings that use it.
#include "beastapi/http/text.hpp"
#include "beastapi/net/foreign_text.hpp"
#include "fuzz/fuzz.hpp"

#include <algorithm>

using namespace beastapi::detail;

// [fuzz]
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::text(data, size);
    const auto decoded = percent_decode(text);
    fuzz::expect(!decoded || decoded->size() <= size, "decoding makes nothing longer");
    const std::string encoded = percent_encode_unsafe(text);
    fuzz::expect(
        std::all_of(encoded.begin(), encoded.end(), [](char c) { return c > ' ' && c < '\x7f'; }),
        "what is encoded is printable");
    // A percent sign is left alone, so only a text without one comes back.
    if (text.find('%') == std::string_view::npos) {
        fuzz::expect(percent_decode(encoded) == text, "what is encoded comes back");
    }
    if (const auto params = parse_query(text)) {
        for (const auto& [name, value] : params->items()) {
            fuzz::expect(params->get(name).has_value(), "a parameter is found by its name");
            fuzz::expect(name.size() + value.size() <= size, "a parameter is part of its query");
        }
    }
    return 0;
}
// [/fuzz]
