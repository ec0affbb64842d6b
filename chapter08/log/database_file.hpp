// Opening the file of a database, with all that has to be looked at first.
#pragma once

#include "log/database.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>
#include <string>

namespace chat_log {

/// Keeps other servers out of a file: an flock(), which SQLite doesn't know of, so that its own
/// programs and those that only read may be used beside a server.
class FileLock {
public:
    /// Creates the file, for its owner alone, if there is none and it's to be served. What is only
    /// read is looked at, not locked.
    FileLock(const std::filesystem::path& file, Database::Access access);
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;
    ~FileLock();

private:
    int descriptor_ = -1;
};

/// A chat database, of the version of this program. It's opened, checked and, if it's new or old,
/// brought to that version. Throws DatabaseError.
class DatabaseFile {
public:
    DatabaseFile(const std::filesystem::path& file, Database::Access access);

    const std::filesystem::path& path() const noexcept { return path_; }
    Database::Access access() const noexcept { return access_; }
    SQLite::Database& sqlite() noexcept { return sqlite_; }

    /// What SQLite threw, in one line that says what to do. To be called before anything else.
    std::string explain(const SQLite::Exception& error) const;

private:
    void set_up();
    void configure();
    void refuse_strangers(int version);
    void migrate(int version);
    void try_to_write();

    std::filesystem::path path_;
    Database::Access access_;
    // In this order: closing any descriptor of the file drops SQLite's locks, so this goes last.
    FileLock lock_;
    SQLite::Database sqlite_;
};

}  // namespace chat_log
