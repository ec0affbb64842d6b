// Names by the tables of ICU, which follow the Unicode standard.
#include "chat/names.hpp"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/ustring.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace chat {

namespace {

constexpr int max_name = 32;
// A code point of NFC comes from 4 code points at most (UAX 15, section 14), each of 4 bytes: what
// is longer cannot shrink to a name, and needs no look.
constexpr std::size_t max_input = std::size_t{max_name} * 4 * 4;
// More are stacked upon one letter in no language, but do reach into the lines above (UTS 39,
// section 5.4).
constexpr int max_marks_in_a_row = 4;

/// Symbols and letters by their category, but drawn as nothing.
constexpr std::array<UChar32, 6> drawn_as_nothing = {
    0x2800,            // braille pattern blank
    0xFFFC,            // object replacement character
    0x13441, 0x13442,  // Egyptian hieroglyphs full and half blank
    0x16FE4,           // Khitan small script filler
    0x1D159,           // musical symbol null notehead
};

std::optional<icu::UnicodeString> from_utf8(std::string_view text) {
    std::array<UChar, max_input> units{};
    if (text.size() > units.size()) {
        return std::nullopt;
    }
    UErrorCode error = U_ZERO_ERROR;
    std::int32_t length = 0;
    // UnicodeString::fromUTF8() would put U+FFFD where the text is no UTF-8.
    u_strFromUTF8(units.data(), static_cast<std::int32_t>(units.size()), &length, text.data(),
                  static_cast<std::int32_t>(text.size()), &error);
    if (U_FAILURE(error) != 0) {
        return std::nullopt;
    }
    return icu::UnicodeString(units.data(), length);
}

std::string to_utf8(const icu::UnicodeString& text) {
    std::string utf8;
    text.toUTF8String(utf8);
    return utf8;
}

bool can_be_seen(UChar32 c) {
    constexpr std::uint32_t seen =
        U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK | U_GC_P_MASK | U_GC_S_MASK;
    return (U_GET_GC_MASK(c) & seen) != 0 &&
           // Variation selectors, Hangul fillers and others that count as marks and letters.
           u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) == 0 &&
           std::find(drawn_as_nothing.begin(), drawn_as_nothing.end(), c) == drawn_as_nothing.end();
}

bool is_mark(UChar32 c) {
    return (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0;
}

/// A mark that takes no room of its own, so that the same one twice is drawn over itself.
bool is_overlaid_mark(UChar32 c) {
    return (U_GET_GC_MASK(c) & (U_GC_MN_MASK | U_GC_ME_MASK)) != 0;
}

bool is_name(const icu::UnicodeString& text) {
    if (text.isEmpty() || text.countChar32() > max_name || is_mark(text.char32At(0))) {
        return false;
    }
    UChar32 before = U' ';
    int marks = 0;
    for (std::int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
        const UChar32 c = text.char32At(i);
        if (c == U' ' ? before == U' ' : !can_be_seen(c)) {
            return false;
        }
        marks = is_overlaid_mark(c) ? marks + 1 : 0;
        if (marks > max_marks_in_a_row || (marks > 1 && c == before)) {
            return false;
        }
        before = c;
    }
    return before != U' ';
}

}  // namespace

std::optional<std::string> normalize_name(std::string_view name) {
    const auto given = from_utf8(name);
    if (!given) {
        return std::nullopt;
    }
    UErrorCode error = U_ZERO_ERROR;
    const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(error);
    if (U_FAILURE(error) != 0) {
        return std::nullopt;
    }
    const icu::UnicodeString normalized = nfc->normalize(*given, error);
    if (U_FAILURE(error) != 0 || !is_name(normalized)) {
        return std::nullopt;
    }
    return to_utf8(normalized);
}

std::string name_key(std::string_view name) {
    const auto given = from_utf8(name);
    UErrorCode error = U_ZERO_ERROR;
    const icu::Normalizer2* casefold = icu::Normalizer2::getNFKCCasefoldInstance(error);
    if (!given || U_FAILURE(error) != 0) {
        return std::string(name);
    }
    const icu::UnicodeString key = casefold->normalize(*given, error);
    return U_FAILURE(error) != 0 ? std::string(name) : to_utf8(key);
}

}  // namespace chat
