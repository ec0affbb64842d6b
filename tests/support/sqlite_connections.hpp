// The connections to SQLite that others open, for tests that look into them.
#pragma once

#include <sqlite3.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace test {

/// While it lives, it knows the connection that was opened last in this process.
class SqliteConnections {
public:
    SqliteConnections() {
        last_ = nullptr;
        ::sqlite3_auto_extension(reinterpret_cast<void (*)()>(&on_open));
    }
    SqliteConnections(const SqliteConnections&) = delete;
    SqliteConnections& operator=(const SqliteConnections&) = delete;
    ~SqliteConnections() {
        ::sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&on_open));
    }

    /// Belongs to whoever opened it.
    static sqlite3* last() { return last_; }

    /// What a query gives on that connection, a row each, its values with a space between.
    static std::vector<std::string> ask(const std::string& query) {
        std::vector<std::string> rows;
        char* error = nullptr;
        ::sqlite3_exec(last_, query.c_str(), &on_row, &rows, &error);
        if (error != nullptr) {
            const std::string what = error;
            ::sqlite3_free(error);
            throw std::runtime_error(query + ": " + what);
        }
        return rows;
    }

private:
    static int on_open(sqlite3* connection, const char**, const sqlite3_api_routines*) {
        last_ = connection;
        return SQLITE_OK;
    }
    static int on_row(void* rows, int count, char** values, char**) {
        std::string row;
        for (int i = 0; i < count; ++i) {
            row += i == 0 ? "" : " ";
            row += values[i] == nullptr ? "NULL" : values[i];
        }
        static_cast<std::vector<std::string>*>(rows)->push_back(row);
        return 0;
    }

    static inline sqlite3* last_ = nullptr;
};

}  // namespace test
