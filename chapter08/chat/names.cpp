#include "chat/names.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace chat {

namespace {

constexpr std::size_t longest_name = 32;

/// Cuts one code point off `text`; nothing if it does not begin with one (RFC 3629, section 4).
std::optional<char32_t> next_code_point(std::string_view& text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t lead = byte(0);
    std::size_t length = 1;
    char32_t code_point = lead;
    char32_t smallest = 0;
    if (lead >= 0x80) {
        if (lead >= 0xF0 && lead <= 0xF4) {
            length = 4;
            code_point = lead & 0x07U;
            smallest = 0x10000;
        } else if (lead >= 0xE0 && lead < 0xF0) {
            length = 3;
            code_point = lead & 0x0FU;
            smallest = 0x800;
        } else if (lead >= 0xC2 && lead < 0xE0) {
            length = 2;
            code_point = lead & 0x1FU;
            smallest = 0x80;
        } else {
            return std::nullopt;
        }
    }
    if (text.size() < length) {
        return std::nullopt;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) {
            return std::nullopt;
        }
        code_point = code_point << 6U | (byte(i) & 0x3FU);
    }
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    if (code_point < smallest || code_point > 0x10FFFF || surrogate) {
        return std::nullopt;
    }
    text.remove_prefix(length);
    return code_point;
}

bool is_control(char32_t c) {
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
}

bool is_blank(char32_t c) {
    return c == 0x20 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

}  // namespace

std::optional<std::string> normalize_name(std::string_view name) {
    std::vector<char32_t> code_points;
    std::string_view rest = name;
    while (!rest.empty()) {
        const auto code_point = next_code_point(rest);
        if (!code_point || is_control(*code_point) || code_points.size() == longest_name) {
            return std::nullopt;
        }
        code_points.push_back(*code_point);
    }
    if (code_points.empty() || is_blank(code_points.front()) || is_blank(code_points.back())) {
        return std::nullopt;
    }
    return std::string(name);
}

std::string name_key(std::string_view name) {
    return std::string(name);
}

}  // namespace chat
