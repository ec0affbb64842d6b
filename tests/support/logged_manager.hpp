// Who is connected, with a log in memory of what is said.
#pragma once

#include "chat/connection_manager.hpp"
#include "chat/names.hpp"
#include "log/memory_log.hpp"

#include <string>
#include <utility>

namespace test {

struct HasLog {
    chat_log::MemoryLog log;
};

class LoggedManager : public HasLog, public chat::ConnectionManager {
public:
    LoggedManager() : chat::ConnectionManager(log) {}

    /// Opens the room's log, and takes the member in.
    std::pair<chat::Room&, bool> join(chat::Member& member, const std::string& name) {
        chat_log::ConversationPtr room;
        log.open("room:" + chat::name_key(name),
                 [&room](auto opened) { room = std::move(opened); });
        return join_room(member, name, room);
    }
};

}  // namespace test
