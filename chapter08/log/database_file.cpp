#include "log/database_file.hpp"

#include "log/database_errors.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

namespace chat_log {

namespace {

using Access = Database::Access;

// Written into the file, so that file(1) and we know whose it is: "chat".
constexpr int application_id = 0x63686174;
// For another program that writes, such as sqlite3. A server waits for no other server.
constexpr int busy_timeout_ms = 500;

/// What makes a file of version N one of version N + 1. Those that were released don't change.
constexpr std::array migrations{
    // The number of a message among all: its conversation's above, its seq in the lower 39 bits. So
    // those of a conversation lie side by side, in one tree that is as flat as it can be.
    R"(
        CREATE TABLE conversations (
            id INTEGER PRIMARY KEY,
            name TEXT UNIQUE,      -- NULL: it began anew, and this is what was before
            epoch TEXT NOT NULL,
            last_seq INTEGER NOT NULL,
            restarted_ms INTEGER   -- when it began anew
        ) STRICT;
        CREATE TABLE messages (
            position INTEGER PRIMARY KEY,  -- conversation << 39 | seq
            stored_ms INTEGER NOT NULL,
            author TEXT NOT NULL,
            id TEXT,
            payload TEXT NOT NULL
        ) STRICT;
        -- By which a repeat is known, also of a message that was trimmed: those of the last
        -- minutes, in the order in which they came.
        CREATE TABLE receipts (
            row INTEGER PRIMARY KEY,
            position INTEGER NOT NULL,
            stored_ms INTEGER NOT NULL,
            author TEXT NOT NULL,
            id TEXT NOT NULL
        ) STRICT;
    )"};

constexpr int current_version = static_cast<int>(migrations.size());

std::filesystem::path checked(const std::filesystem::path& file) {
    if (file.empty()) {
        throw DatabaseError("a database needs the name of a file");
    }
    // SQLite takes what begins with "file:" for a URI.
    return std::filesystem::absolute(file);
}

void need_file(const std::filesystem::path& file) {
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) {
        throw DatabaseError(errno == ENOENT
                                ? fmt::format("{}: there is no such file", file.string())
                                : explain_open_error(file, errno));
    }
    if (S_ISDIR(status.st_mode)) {
        throw DatabaseError(explain_open_error(file, EISDIR));
    }
    if (!S_ISREG(status.st_mode)) {
        throw DatabaseError(fmt::format("{}: this isn't a file: name another one", file.string()));
    }
}

SQLite::Database open_sqlite(const std::filesystem::path& file, Access access) {
    try {
        const int flags = access == Access::serve ? SQLite::OPEN_READWRITE : SQLite::OPEN_READONLY;
        return SQLite::Database(file.string(), flags | SQLite::OPEN_NOMUTEX, busy_timeout_ms);
    } catch (const SQLite::Exception& error) {
        throw DatabaseError(explain_error(file, error.getExtendedErrorCode(), errno, error.what()));
    }
}

}  // namespace

FileLock::FileLock(const std::filesystem::path& file, Access access) {
    if (access == Access::read) {
        need_file(file);
        return;
    }
    constexpr mode_t for_its_owner = S_IRUSR | S_IWUSR;
    descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, for_its_owner);
    if (descriptor_ < 0) {
        throw DatabaseError(explain_open_error(file, errno));
    }
    try {
        need_file(file);
        if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
            throw DatabaseError(fmt::format(
                "{}: another server uses it: stop that one, or name another file", file.string()));
        }
    } catch (...) {
        ::close(descriptor_);
        throw;
    }
}

FileLock::~FileLock() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

DatabaseFile::DatabaseFile(const std::filesystem::path& file, Access access)
    : path_(checked(file)),
      access_(access),
      lock_(path_, access),
      sqlite_(open_sqlite(path_, access)) {
    try {
        set_up();
    } catch (const SQLite::Exception& error) {
        throw DatabaseError(explain(error));
    }
}

std::string DatabaseFile::explain(const SQLite::Exception& error) const {
    // SQLite doesn't note the errno of a commit.
    const int system_error = errno;
    return explain_error(
        path_, error.getExtendedErrorCode(),
        system_error != 0 ? system_error : ::sqlite3_system_errno(sqlite_.getHandle()),
        error.what());
}

void DatabaseFile::set_up() {
    const int version = sqlite_.execAndGet("PRAGMA user_version").getInt();
    refuse_strangers(version);
    configure();
    if (access_ == Access::read) {
        return;
    }
    if (version < current_version) {
        migrate(version);
    } else {
        try_to_write();
    }
}

void DatabaseFile::refuse_strangers(int version) {
    const int application = sqlite_.execAndGet("PRAGMA application_id").getInt();
    const bool empty = sqlite_.execAndGet("SELECT count(*) FROM sqlite_master").getInt() == 0;
    if (application != application_id && (application != 0 || version != 0 || !empty)) {
        throw DatabaseError(fmt::format(
            "{}: this is the database of another program: name another file", path_.string()));
    }
    if (version > current_version) {
        throw DatabaseError(fmt::format(
            "{}: it was written by a newer version of this program (its format is {}, known here "
            "is {}): run that version",
            path_.string(), version, current_version));
    }
    if (access_ == Access::read && version < current_version) {
        throw DatabaseError(fmt::format(
            "{}: {}: start the server with it first", path_.string(),
            empty ? "it's empty" : "it was written by an older version of this program"));
    }
}

void DatabaseFile::configure() {
    sqlite_.exec("PRAGMA cell_size_check = ON");  // finds damage before it does harm
    sqlite_.exec("PRAGMA trusted_schema = OFF");
    sqlite_.exec("PRAGMA temp_store = MEMORY");
    sqlite_.exec("PRAGMA cache_size = -32768");  // KiB
    if (access_ == Access::read) {
        sqlite_.exec("PRAGMA query_only = ON");
        return;
    }
    const std::string mode = sqlite_.execAndGet("PRAGMA journal_mode = WAL").getString();
    if (mode != "wal") {
        throw DatabaseError(fmt::format(
            "{}: SQLite can't keep a write-ahead log beside it (only {}): put it on a local disk",
            path_.string(), mode));
    }
    sqlite_.exec("PRAGMA synchronous = FULL");
    // After a burst, or a long export, the write-ahead log doesn't stay as large as it was.
    sqlite_.exec("PRAGMA journal_size_limit = 67108864");
    // Overwrites what is deleted only where the page is written anyway.
    sqlite_.execAndGet("PRAGMA secure_delete = FAST").getInt();
}

void DatabaseFile::migrate(int version) {
    SQLite::Transaction transaction(sqlite_, SQLite::TransactionBehavior::IMMEDIATE);
    for (int from = version; from < current_version; ++from) {
        sqlite_.exec(migrations.at(static_cast<std::size_t>(from)));
    }
    sqlite_.exec(fmt::format("PRAGMA application_id = {}", application_id));
    sqlite_.exec(fmt::format("PRAGMA user_version = {}", current_version));
    transaction.commit();
}

// A disk that is full or read-only is to be known at once, not with the first message.
void DatabaseFile::try_to_write() {
    SQLite::Transaction transaction(sqlite_, SQLite::TransactionBehavior::IMMEDIATE);
    sqlite_.exec(fmt::format("PRAGMA user_version = {}", current_version));
    transaction.commit();
}

}  // namespace chat_log
