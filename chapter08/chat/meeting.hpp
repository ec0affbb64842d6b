// Where the shards of one chat meet.
#pragma once

#include "chat/chat_settings.hpp"
#include "chat/event_lines.hpp"
#include "chat/neighbours.hpp"
#include "chat/user_sessions.hpp"
#include "hub/hub.hpp"
#include "log/log.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace chat {

/// What one shard needs for that.
struct Meeting {
    std::unique_ptr<chat_log::Log> log;
    std::unique_ptr<chat_hub::Hub> hub;       ///< null: there are no other shards
    std::shared_ptr<UserSessions> sessions;   ///< of all shards of this process
    std::shared_ptr<EventLines> event_lines;  ///< the same
    std::shared_ptr<Neighbours> neighbours;   ///< the same; null: this is the only one
};

/// One for each shard of this process: they share one log, in memory or in a database. With Redis
/// each has connections of its own, as if it were a server of its own. Throws
/// chat_log::DatabaseError if ChatSettings::database can't be used.
std::vector<Meeting> make_meetings(const ChatSettings& settings, std::size_t shards);

}  // namespace chat
