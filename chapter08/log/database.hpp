// The file in which conversations outlive the process: SQLite, through SQLiteCpp. It blocks, and
// belongs to one thread; DatabaseLog gives it one.
#pragma once

#include "log/entry.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace chat_log {

/// The database can't be used. `what()` says why, and what to do, in one line.
class DatabaseError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Where a conversation is in its log.
struct Head {
    std::int64_t id = 0;  ///< of the conversation in this file
    std::string epoch{};
    Seq last_seq = 0;
};

/// One database file, which has to be on a local disk.
///
/// Write-ahead log, `synchronous=FULL`: once commit() returns, what was written survives `kill -9`
/// and the loss of power. Everything but the constructor throws DatabaseError when SQLite fails;
/// the transaction is then rolled back, and the next one may succeed.
class Database {
public:
    enum class Access {
        serve,  ///< reads and writes; no other process may open the file so at the same time
        read,   ///< reads only, also beside a server
    };

    /// Opens the file, and creates it if there is none (unless only to read). Throws DatabaseError
    /// if it can't be opened or written, is no chat database, is damaged, is of a newer version, or
    /// is in use by another server.
    explicit Database(const std::filesystem::path& file, Access access = Access::serve);
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database();

    /// A transaction. What happens between is all in the file after commit(), or none of it.
    void begin();
    void commit();
    void rollback() noexcept;

    std::optional<Head> find(std::string_view conversation);
    /// Begins a conversation of which there is none.
    Head create(std::string_view conversation, std::string_view epoch);
    /// Begins the conversation anew: its messages are deleted, and it's numbered from 1 again.
    Head restart(const Head& head, std::string_view epoch);

    /// Adds a message, unless one of the same author with the same id was stored in the
    /// `dedup_window` before `now`. `head` is the conversation's, and moves on.
    Receipt append(Head& head, const Draft& draft, Time now,
                   std::chrono::system_clock::duration dedup_window);

    Slice read(const Head& head, const Range& range);

    /// Deletes some of what the retention no longer keeps, and of the conversations in which nothing
    /// was ever said and which `in_use` doesn't name. True if there may be more. To be called
    /// outside of a transaction, when there is nothing else to do; takes about a millisecond.
    bool trim(const Retention& retention, Time now,
              const std::function<bool(std::string_view)>& in_use);

    /// What `PRAGMA integrity_check` says, and what the project's own rules say (numbers without
    /// holes, heads that fit): a line for each fault, none if all is well.
    std::vector<std::string> check();

    /// Gives the space of what was deleted back to the file system (VACUUM).
    void compact();

    struct Summary {
        std::string conversation{};
        std::string epoch{};
        Seq first_seq = 0;  ///< 0: nothing is kept
        Seq last_seq = 0;
    };
    std::vector<Summary> conversations();

private:
    struct Statements;
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace chat_log
