#include "log/database_errors.hpp"

#include <fmt/format.h>

#include <sqlite3.h>

#include <cerrno>
#include <system_error>

namespace chat_log {

namespace {

constexpr int primary_code = 0xff;  // the rest of an extended code says more of the same

constexpr const char* full =
    "{}: there is no room for it on the disk, or its size is limited: make room";

bool is_out_of_room(int system_error) {
    return system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG;
}

std::string system_words(int system_error) {
    return std::generic_category().message(system_error);
}

std::string explain_io_error(const std::string& file, int code, int system_error,
                             const std::string& detail) {
    if (code == SQLITE_IOERR_NOMEM) {
        return fmt::format("{}: there is no memory left to work with it", file);
    }
    if (is_out_of_room(system_error)) {
        return fmt::format(full, file);
    }
    return fmt::format("{}: {} ({}): check the disk", file, detail,
                       system_error == 0 ? "no reason given" : system_words(system_error));
}

}  // namespace

std::string explain_error(const std::filesystem::path& path, int code, int system_error,
                          const std::string& detail) {
    const std::string file = path.string();
    switch (code & primary_code) {
        case SQLITE_FULL:
            return fmt::format(full, file);
        case SQLITE_IOERR:
            return explain_io_error(file, code, system_error, detail);
        case SQLITE_CORRUPT:
            return fmt::format(
                "{}: the database is damaged ({}): stop the server, look with scripts/history.sh "
                "check, and go back to a copy of the file",
                file, detail);
        case SQLITE_NOTADB:
            return fmt::format("{}: this isn't a database, or it's damaged: name another file",
                               file);
        case SQLITE_READONLY:
        case SQLITE_PERM:
            return fmt::format(
                "{}: it can't be written ({}): give this user the right to write the file and its "
                "folder",
                file, detail);
        case SQLITE_CANTOPEN:
            if (is_out_of_room(system_error)) {
                return fmt::format(full, file);
            }
            return fmt::format(
                "{}: SQLite can't open it, or the files that it keeps beside it ({}): give this "
                "user the right to write the file and its folder",
                file, system_error == 0 ? detail : system_words(system_error));
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return fmt::format("{}: another program has locked it: end that program", file);
        case SQLITE_NOMEM:
            return fmt::format("{}: there is no memory left to work with it", file);
        default:
            return fmt::format("{}: {}", file, detail);
    }
}

std::string explain_open_error(const std::filesystem::path& path, int system_error) {
    const std::string file = path.string();
    switch (system_error) {
        case ENOENT:
        case ENOTDIR:
            return fmt::format("{}: its folder doesn't exist: make it, or name another file", file);
        case EISDIR:
            return fmt::format("{}: this is a folder: name a file in it", file);
        case EACCES:
        case EPERM:
            return fmt::format(
                "{}: permission denied: give this user the right to read and write the file and "
                "its folder",
                file);
        case EROFS:
            return fmt::format("{}: the file system is read-only: name a file on another one",
                               file);
        case ENOSPC:
        case EDQUOT:
            return fmt::format(full, file);
        default:
            return fmt::format("{}: it can't be opened: {}", file, system_words(system_error));
    }
}

}  // namespace chat_log
