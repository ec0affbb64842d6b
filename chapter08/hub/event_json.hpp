// Events as they go through Redis.
#pragma once

#include "hub/event.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace chat_hub {

std::string to_json(const Event& event);

/// Nothing if it's none of ours, such as one of a later version.
std::optional<Event> event_of(std::string_view json);

}  // namespace chat_hub
