// The marker that travels in each message's text: who sent it, its number, and when.
#pragma once

#include "clock.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace load {

/// `#<sender>:<number>:<nanoseconds>` in 8, 8 and 16 decimal digits: a fixed width, so that it is
/// written into a frame that is already masked, and read eight digits at a time.
struct Marker {
    static constexpr std::size_t size = 35;
    static constexpr std::size_t number_at = 10;
    static constexpr std::size_t time_at = 19;
    static constexpr std::uint32_t numbers = 100'000'000;  // after which numbers begin again at 0

    std::uint32_t sender{};
    std::uint32_t number{};
    Nanoseconds time{};
    std::size_t at{};  // where in the payload it stands
};

/// Writes eight decimal digits, and returns them as a word in the order of memory.
inline std::uint64_t eight_digits(std::uint32_t value) {
    std::uint64_t pairs = value / 10'000 | static_cast<std::uint64_t>(value % 10'000) << 32U;
    // Each half splits into hundreds, each quarter into tens: 100 and 10 divide by multiplication.
    const std::uint64_t hundreds = (pairs * 10'486U >> 20U) & 0x0000'007F'0000'007FU;
    pairs = hundreds | (pairs - hundreds * 100) << 16U;
    const std::uint64_t tens = (pairs * 103U >> 10U) & 0x000F'000F'000F'000FU;
    return (tens | (pairs - tens * 10) << 8U) + 0x3030'3030'3030'3030U;
}

/// Reads eight decimal digits; false if one of the eight is none.
inline bool parse_eight_digits(const char* digits, std::uint32_t& value) {
    std::uint64_t word = 0;
    std::memcpy(&word, digits, sizeof word);
    constexpr std::uint64_t high = 0xF0F0'F0F0'F0F0'F0F0U;
    constexpr std::uint64_t zeros = 0x3030'3030'3030'3030U;
    if (((word & high) ^ zeros) != 0 || (((word + 0x0606'0606'0606'0606U) & high) ^ zeros) != 0) {
        return false;
    }
    word -= zeros;
    word = word * 10 + (word >> 8U);  // pairs, in every other byte
    constexpr std::uint64_t every_fourth = 0x0000'00FF'0000'00FFU;
    word = (word & every_fourth) * (100 + (1'000'000ULL << 32U)) +
           (word >> 16U & every_fourth) * (1 + (10'000ULL << 32U));
    value = static_cast<std::uint32_t>(word >> 32U);
    return true;
}

inline void write_marker(char* out, const Marker& marker) {
    const auto write = [](char* to, std::uint64_t digits) {
        std::memcpy(to, &digits, sizeof digits);
    };
    out[0] = '#';
    write(out + 1, eight_digits(marker.sender));
    out[9] = ':';
    write(out + Marker::number_at, eight_digits(marker.number));
    out[18] = ':';
    write(
        out + Marker::time_at,
        eight_digits(static_cast<std::uint32_t>(marker.time / Marker::numbers % Marker::numbers)));
    write(out + Marker::time_at + 8,
          eight_digits(static_cast<std::uint32_t>(marker.time % Marker::numbers)));
}

/// The first marker in a payload. A '#' that begins no marker (in a name, say) is passed over.
inline std::optional<Marker> find_marker(std::string_view payload) {
    const char* const end = payload.data() + payload.size();
    const char* from = payload.data();
    while (end - from >= static_cast<std::ptrdiff_t>(Marker::size)) {
        const auto* found = static_cast<const char*>(
            std::memchr(from, '#', static_cast<std::size_t>(end - from) - Marker::size + 1));
        if (found == nullptr) {
            return std::nullopt;
        }
        Marker marker;
        std::uint32_t upper = 0;
        std::uint32_t lower = 0;
        if (found[9] == ':' && found[18] == ':' && parse_eight_digits(found + 1, marker.sender) &&
            parse_eight_digits(found + Marker::number_at, marker.number) &&
            parse_eight_digits(found + Marker::time_at, upper) &&
            parse_eight_digits(found + Marker::time_at + 8, lower)) {
            marker.time = static_cast<Nanoseconds>(upper) * Marker::numbers + lower;
            marker.at = static_cast<std::size_t>(found - payload.data());
            return marker;
        }
        from = found + 1;
    }
    return std::nullopt;
}

/// What fills a text up behind its marker. It is compared on arrival, so it differs from place to
/// place: a text that was cut and mended elsewhere is noticed.
inline std::string padding(std::size_t size) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    std::string text(size, ' ');
    for (std::size_t i = 0; i < size; ++i) {
        text[i] = letters[(i + i / letters.size()) % letters.size()];
    }
    return text;
}

}  // namespace load
