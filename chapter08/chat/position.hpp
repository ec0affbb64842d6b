// Up to where a client has a conversation, as the wire writes it: `EPOCH:SEQ`.
#pragma once

#include "log/entry.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace chat {

struct Position {
    std::string epoch;
    chat_log::Seq seq = 0;
};

/// Nothing if the text isn't a position.
std::optional<Position> parse_position(std::string_view text);

}  // namespace chat
