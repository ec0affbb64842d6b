// The log of a server with a database: what was acknowledged outlives the process.
#pragma once

#include "log/database_thread.hpp"
#include "log/log.hpp"
#include "log/recent_conversations.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace chat_log {

/// Keeps the newest messages in memory, too, so that most of what is read needs no disk. All other
/// work goes to a DatabaseThread; the event loop never waits for the disk.
///
/// While the database can't be written, messages are answered Receipt::Result::unavailable, and
/// nobody is told them. Each new one tries again.
class DatabaseLog : public Log {
public:
    /// Throws DatabaseError if the file can't be used.
    explicit DatabaseLog(const std::filesystem::path& file, const Retention& retention = {});
    ~DatabaseLog() override;

    void start(const boost::asio::any_io_executor& executor) override;
    /// The same for a log that several threads share: answers come on the database's thread, within
    /// `run`, which keeps the threads from each other.
    void start_on(std::function<void(const std::function<void()>& answers)> run);
    void stop() noexcept override;
    void open(const std::string& name, Opened opened) override;
    void restart(const ConversationPtr& conversation, Opened restarted) override;
    void append(const ConversationPtr& conversation, Draft draft, Appended appended) override;
    void read(const ConversationPtr& conversation, const Range& range, Read read) override;
    std::optional<monitor::Durations> commits() const override { return thread_->commits(); }

private:
    /// What waits for an answer of the thread; the thread answers in the order of the questions.
    struct Waiting {
        ConversationPtr conversation{};  // null: it's being opened
        std::variant<Opened, Appended, Read> answer;
    };

    /// Brings outcomes to the event loop, for as long as there is one.
    class Loop : public std::enable_shared_from_this<Loop> {
    public:
        using Run = std::function<void(const std::function<void()>&)>;

        void start(Run run, DatabaseThread::Deliver deliver);
        void stop() noexcept;
        /// Calls told() after so many turns of the loop, unless it has stopped by then.
        void tell(const boost::asio::any_io_executor& executor, DatabaseThread& thread,
                  int turns) noexcept;
        void post(std::vector<DatabaseThread::Outcome> outcomes);

    private:
        bool has_stopped() const noexcept { return deliver_ == nullptr; }

        std::mutex mutex_;
        Run run_;  // empty: it hasn't started, or it has stopped
        DatabaseThread::Deliver deliver_;
    };

    void ask(DatabaseThread::Command command, Waiting waiting);
    void on_outcomes(std::vector<DatabaseThread::Outcome> outcomes) noexcept;
    void answer(const Waiting& waiting, DatabaseThread::Outcome outcome);
    void note_told() noexcept;
    ConversationPtr take_in(DatabaseThread::Outcome outcome);

    RecentConversations conversations_;
    std::deque<Waiting> waiting_;
    std::shared_ptr<Loop> loop_;
    boost::asio::any_io_executor executor_;  // of the loop; empty where several threads share it
    std::unique_ptr<DatabaseThread> thread_;
};

}  // namespace chat_log
