// What shards tell each other, besides messages: who is where, and signals.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace chat_hub {

/// Connections of one user, or without a name, in a room or in the lobby, where all are.
struct Presence {
    std::string room{};  ///< chat::name_key() of its name; empty for the lobby
    std::string room_name{};
    std::string user{};  ///< chat::name_key() of the name; empty for connections without one
    std::string user_name{};
    std::size_t connections = 1;
};

struct Event {
    enum class Kind {
        enter,   ///< these connections are there from now on
        leave,   ///< these aren't any more
        state,   ///< all that are there of that shard, in place of what was known of it
        gone,    ///< the shard has ended, and nobody is there any more
        signal,  ///< is worth nothing later, and may get lost
    };
    Kind kind = Kind::enter;
    std::string shard{};  ///< which it comes from; of `gone`, which it is about
    std::vector<Presence> presences{};
    std::string room{};  ///< of a signal: the key of the room that hears it; empty: the lobby
    std::string text{};  ///< of a signal
};

}  // namespace chat_hub
