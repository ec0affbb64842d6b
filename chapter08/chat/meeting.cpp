#include "chat/meeting.hpp"

#include "hub/local_hub.hpp"
#include "hub/redis_hub.hpp"
#include "log/database_log.hpp"
#include "log/memory_log.hpp"
#include "log/redis_log.hpp"
#include "log/shared_log.hpp"

#include <utility>

namespace chat {

namespace {

template <class Log>
void add_logs(std::vector<Meeting>& meetings, std::unique_ptr<Log> log) {
    if (meetings.size() == 1) {
        meetings.front().log = std::move(log);
        return;
    }
    const auto shared = std::make_shared<chat_log::SharedLog>(std::move(log));
    for (Meeting& meeting : meetings) {
        meeting.log = shared->view();
    }
}

void add_hubs(std::vector<Meeting>& meetings) {
    auto hubs = chat_hub::make_local_hubs(meetings.size());
    for (std::size_t i = 0; i < meetings.size(); ++i) {
        meetings[i].hub = std::move(hubs[i]);
    }
}

}  // namespace

std::vector<Meeting> make_meetings(const ChatSettings& settings, std::size_t shards) {
    const auto sessions = std::make_shared<UserSessions>(settings.max_sessions_per_user);
    const auto event_lines = std::make_shared<EventLines>();
    std::vector<Meeting> meetings(shards);
    const auto neighbours = shards > 1 ? std::make_shared<Neighbours>() : nullptr;
    for (Meeting& meeting : meetings) {
        meeting.sessions = sessions;
        meeting.event_lines = event_lines;
        meeting.neighbours = neighbours;
    }
    if (settings.redis) {
        for (Meeting& meeting : meetings) {
            meeting.log = std::make_unique<chat_log::RedisLog>(
                chat_log::RedisLog::Settings{.url = *settings.redis}, settings.history);
            meeting.hub = std::make_unique<chat_hub::RedisHub>(
                chat_hub::RedisHub::Settings{.url = *settings.redis});
        }
        return meetings;
    }
    if (settings.database.empty()) {
        add_logs(meetings, std::make_unique<chat_log::MemoryLog>(settings.history));
    } else {
        add_logs(meetings,
                 std::make_unique<chat_log::DatabaseLog>(settings.database, settings.history));
    }
    if (shards > 1) {
        add_hubs(meetings);
    }
    return meetings;
}

}  // namespace chat
