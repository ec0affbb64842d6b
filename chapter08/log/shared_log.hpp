// One log for several event loops, each on a thread of its own.
#pragma once

#include "log/database_log.hpp"
#include "log/log.hpp"
#include "log/memory_log.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace chat_log {

/// A log behind a lock, which each event loop sees as a Log of its own: view().
///
/// While the lock is held, what is stored goes into the queue of each loop that has the
/// conversation open: so all of them get it in the order of its numbers. A loop whose queue was
/// empty is woken once, and takes all that there is by then. The loop that asks takes it at once,
/// within the call: where the log is in memory, an answer comes as fast as if the log were its own.
///
/// Messages are kept once, and a loop that reads them gets copies. If there's no memory to tell a
/// loop of a message, the process ends: its members would miss it without knowing.
class SharedLog : public std::enable_shared_from_this<SharedLog> {
public:
    explicit SharedLog(std::unique_ptr<MemoryLog> log);
    explicit SharedLog(std::unique_ptr<DatabaseLog> log);
    SharedLog(const SharedLog&) = delete;
    SharedLog& operator=(const SharedLog&) = delete;
    ~SharedLog();

    /// The log as one event loop sees it.
    std::unique_ptr<Log> view();

private:
    class View;
    class Queue;
    /// A conversation that at least one loop has open.
    struct Shared {
        ConversationPtr conversation{};
        std::vector<std::shared_ptr<Queue>> followers{};
    };

    // While the lock is held:
    void subscribe(const ConversationPtr& conversation, const std::shared_ptr<Queue>& queue);
    void unsubscribe(const std::string& name, const Queue& queue) noexcept;
    ConversationPtr find(const std::string& name) const;

    std::mutex mutex_;
    std::unique_ptr<Log> log_;
    std::unordered_map<std::string, Shared> shared_;
};

}  // namespace chat_log
