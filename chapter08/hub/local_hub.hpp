// The hub of shards that are threads of one process.
#pragma once

#include "hub/hub.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace chat_hub {

/// As many hubs as there are shards, all of which have to start before any of them publishes.
///
/// An event is put into the queue of each other shard; one whose queue was empty is woken once, and
/// takes all that there is by then. The shard that publishes isn't told its own events.
std::vector<std::unique_ptr<Hub>> make_local_hubs(std::size_t shards);

}  // namespace chat_hub
