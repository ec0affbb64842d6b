// Who is at the other shards.
#pragma once

#include "hub/event.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace chat {

/// What each other shard has said of its connections, so that they can all be taken out again when
/// the shard ends, and compared when it tells its state again.
class Elsewhere {
public:
    using Change = std::function<void(const chat_hub::Presence&)>;

    /// They are called with what changes, in the lobby before the rooms when somebody comes, and
    /// behind them when somebody goes.
    Elsewhere(Change entered, Change left) : entered_(std::move(entered)), left_(std::move(left)) {}

    /// Of any kind but a signal.
    void apply(const chat_hub::Event& event);

private:
    using Place = std::pair<std::string, std::string>;  // the keys of a room and of a user
    using Shard = std::map<Place, chat_hub::Presence>;

    void enter(Shard& shard, const chat_hub::Presence& presence);
    void leave(Shard& shard, const chat_hub::Presence& presence);
    void replace(Shard& shard, const chat_hub::Event& state);

    Change entered_;
    Change left_;
    std::map<std::string, Shard, std::less<>> shards_;
};

}  // namespace chat
