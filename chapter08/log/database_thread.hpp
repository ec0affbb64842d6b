// The thread that a database blocks in place of the event loop.
#pragma once

#include "log/database.hpp"
#include "log/entry.hpp"
#include "monitor/histogram.hpp"

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace chat_log {

/// Group commit: it takes all commands that wait, runs them in one transaction, and hands all
/// outcomes back at once. The longer a disk takes for a sync, the more share the next one.
class DatabaseThread {
public:
    struct Command {
        enum class Kind { open, restart, append, read };
        Kind kind = Kind::open;
        std::string conversation{};
        /// Of the conversation; for open and restart the one that it gets if it begins now.
        std::string epoch{};
        std::string replaces{};  ///< of restart: the epoch that is to end
        Draft draft{};
        Range range{};
    };

    /// What came of a command, with the command.
    struct Outcome {
        Command command{};
        bool available = true;  ///< false: the database can't be written, or can't be read
        Head head{};            ///< of open and restart
        Receipt receipt{};      ///< of append
        Slice slice{};          ///< of read
    };

    /// Is called on the thread, with the outcomes in the order of the commands. Somebody has to
    /// call told() after that.
    using Deliver = std::function<void(std::vector<Outcome>)>;

    /// Throws DatabaseError if the file can't be used. What Retention doesn't want is looked for
    /// `between_trims` after that, and after each time when nothing was left of it.
    DatabaseThread(const std::filesystem::path& file, const Retention& retention, Deliver deliver,
                   std::chrono::steady_clock::duration between_trims = std::chrono::minutes(1));
    DatabaseThread(const DatabaseThread&) = delete;
    DatabaseThread& operator=(const DatabaseThread&) = delete;
    /// Runs what still waits, then ends.
    ~DatabaseThread();

    void post(Command command);

    /// Everybody has been told of the outcomes that were delivered last. Any thread may say so. The
    /// next transaction begins after half the time that this took, and after `pause` at the
    /// earliest; without this call, after 20 ms.
    void told(std::chrono::steady_clock::duration pause);

    /// How long transactions took, from the first command to the end of the commit. Any thread may
    /// ask.
    monitor::Durations commits() const;

private:
    void run() noexcept;
    void pause();
    std::vector<Outcome> run_commands(std::vector<Command> commands);
    void write(std::vector<Outcome>& outcomes);
    void write_one(Outcome& outcome, Time now);
    void give_up(std::vector<Outcome>& outcomes, const std::exception& error) noexcept;
    void read(Outcome& outcome);
    void trim_if_due();
    Head& head_of(const std::string& conversation, const std::string& epoch);
    void say_whether_writable(const char* error);

    Retention retention_;
    Deliver deliver_;
    Database database_;
    std::unordered_map<std::string, Head> heads_;  // of conversations that were used lately
    const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    const std::chrono::steady_clock::duration between_trims_;
    std::chrono::steady_clock::time_point next_trim_ = began_ + between_trims_;
    int owed_ = 0;  // batches in the open transaction, by Fault::ack_before_commit
    bool writable_ = true;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Command> commands_;
    monitor::Durations commits_;
    std::chrono::steady_clock::duration least_pause_{};
    bool telling_ = false;  // outcomes were delivered, and told() is to come
    bool ending_ = false;
    std::thread thread_;
};

}  // namespace chat_log
