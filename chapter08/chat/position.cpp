#include "chat/position.hpp"

#include <charconv>

namespace chat {

std::optional<Position> parse_position(std::string_view text) {
    constexpr std::size_t longest_epoch = 64;
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon > longest_epoch) {
        return std::nullopt;
    }
    const std::string_view digits = text.substr(colon + 1);
    Position position{std::string(text.substr(0, colon))};
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), position.seq);
    if (error != std::errc() || end != digits.data() + digits.size()) {
        return std::nullopt;
    }
    return position;
}

}  // namespace chat
