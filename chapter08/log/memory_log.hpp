// The log of a server without a database: it lasts as long as the process.
#pragma once

#include "log/duplicates.hpp"
#include "log/log.hpp"
#include "log/recent_conversations.hpp"

#include <functional>

namespace chat_log {

/// Keeps what Retention allows, in memory, and answers at once. When memory runs out, what was
/// asked throws std::bad_alloc, and leaves everything as it was.
class MemoryLog : public Log {
public:
    /// The time is `now`'s, which a test may turn.
    explicit MemoryLog(const Retention& retention = {},
                       std::function<Time()> now = std::chrono::system_clock::now)
        : conversations_(retention), duplicates_(retention), now_(std::move(now)) {}

    void start(const boost::asio::any_io_executor& executor) override;
    void stop() noexcept override {}
    void open(const std::string& name, Opened opened) override;
    void restart(const ConversationPtr& conversation, Opened restarted) override;
    void append(const ConversationPtr& conversation, Draft draft, Appended appended) override;
    void read(const ConversationPtr& conversation, const Range& range, Read read) override;

private:
    RecentConversations conversations_;
    Duplicates duplicates_;
    std::function<Time()> now_;
};

}  // namespace chat_log
