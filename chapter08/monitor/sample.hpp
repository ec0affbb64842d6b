// What one worker looks like at a moment.
#pragma once

#include "beastapi/app.hpp"
#include "chat/chat.hpp"
#include "monitor/redis_figures.hpp"

#include <optional>
#include <vector>

namespace monitor {

/// A copy, for whichever thread asks.
struct Sample {
    beastapi::Traffic traffic{};
    beastapi::Load load{};
    chat::Activity chat{};
    std::vector<RedisFigures> redis{};
    std::optional<bool> hub_available{};  ///< nothing where there are no other shards
};

/// On the worker's thread.
Sample take_sample(const beastapi::App& app, chat::Chat& chat);

}  // namespace monitor
