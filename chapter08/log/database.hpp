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
/// and the loss of power. When SQLite fails, everything throws DatabaseError; the transaction is
/// then rolled back, and the next attempt may succeed.
class Database {
public:
    enum class Access {
        serve,  ///< reads and writes; no other process may open the file so at the same time
        read,   ///< reads only, also beside a server
    };

    /// Opens the file, and creates it if there is none (unless only to read). Throws DatabaseError
    /// if it can't be opened or written, isn't a chat database, is damaged, is of a newer version,
    /// or is in use by another server.
    explicit Database(const std::filesystem::path& file, Access access = Access::serve);
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database();

    /// A transaction. What happens between is all in the file after commit(), or none of it. To a
    /// reader, the file stays as it was at the first read until the end of the transaction.
    void begin();
    void commit();
    void rollback() noexcept;

    std::optional<Head> find(std::string_view conversation);
    /// Begins a conversation of which there is none. Its first message gets the number after
    /// `last_seq`.
    Head create(std::string_view conversation, std::string_view epoch, Seq last_seq = 0);
    /// Starts the conversation over: drops its messages, and numbers it from 1 again, or from the
    /// number after `last_seq`. trim() deletes them, since that can take longer than a commit may.
    Head restart(const Head& head, std::string_view epoch, Seq last_seq = 0);

    /// Adds a message, unless one of the same author with the same id was stored in the
    /// `dedup_window` before `now`. The number comes from the file: `head` says which conversation
    /// it is, and is set to where that is afterwards.
    Receipt append(Head& head, const Draft& draft, Time now,
                   std::chrono::system_clock::duration dedup_window);

    Slice read(const Head& head, const Range& range);

    /// A message with all that the file has of it, for copies.
    struct Record {
        Seq seq = 0;
        Time stored{};
        Draft draft{};
    };
    /// Hands out the whole conversation, in the order of its numbers.
    void for_each(const Head& head, const std::function<void(const Record&)>& take);
    /// Puts a message in that for_each() gave, under its number, which has to be the next one.
    void restore(Head& head, const Record& record);

    /// Deletes some of what the retention no longer keeps, and of the conversations in which
    /// nothing was ever said and which `in_use` doesn't name. True if there may be more. To be
    /// called outside of a transaction, from time to time; takes about a millisecond and a commit.
    /// A conversation may exceed `max_messages` by an eighth before it's cut down to it.
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

    // For the files that implement this class.
    struct Statements;
    struct Impl;

private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace chat_log
