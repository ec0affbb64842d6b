// The ordered log: conversations, whose messages are numbered and kept.
#pragma once

#include "log/conversation.hpp"
#include "log/entry.hpp"
#include "monitor/redis_figures.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace chat_log {

/// Gives each message its number, stores it, and only then passes it on: anybody who sees a message
/// can find it in the log.
///
/// Everything belongs to one thread. What is asked is answered through a function, on that thread:
/// at once, within the call, where the log is in memory, and later where it's on a disk. Answers to
/// what was asked about one conversation come in the order in which it was asked. An answer must
/// not throw. What was asked and not answered when the log ends is never answered.
class Log {
public:
    /// The conversation; null: the log can't be written now, and has none of that name.
    using Opened = std::function<void(ConversationPtr)>;
    using Appended = std::function<void(const Receipt&)>;
    using Read = std::function<void(Slice)>;

    Log() = default;
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    virtual ~Log() = default;

    /// From now on answers come on this executor. To be called before anything is asked.
    virtual void start(const boost::asio::any_io_executor& executor) = 0;

    /// No answer comes any more. What was appended is still stored.
    virtual void stop() noexcept = 0;

    /// The conversation of that name, which begins now if there's none.
    virtual void open(const std::string& name, Opened opened) = 0;

    /// Starts it over, under another epoch, and drops all that was said. If that was asked before,
    /// and hasn't happened yet, it happens once.
    virtual void restart(const ConversationPtr& conversation, Opened restarted) = 0;

    /// Stores a message as the next of the conversation, tells its follower, then answers. A repeat
    /// isn't stored again, see Draft::id.
    virtual void append(const ConversationPtr& conversation, Draft draft, Appended appended) = 0;

    virtual void read(const ConversationPtr& conversation, const Range& range, Read read) = 0;

    /// A client knows this position. Where others write the log, too, what is known of it here may
    /// be older: then it's brought up to date first. Null: it can't be found out now.
    virtual void catch_up(const ConversationPtr& conversation, const std::string& /*epoch*/,
                          Seq /*seq*/, Opened caught_up) {
        caught_up(conversation);
    }

    /// How long transactions took, where there's a database; of all who share it.
    virtual std::optional<monitor::Durations> commits() const { return std::nullopt; }
    /// Of the connections to Redis, where there are some.
    virtual std::vector<monitor::RedisFigures> redis_figures() const { return {}; }
};

}  // namespace chat_log
