// Chapter 15: the log of a conversation in SQLite: each message has a number, and is stored once.
#pragma once

#include <boost/json.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <SQLiteCpp/SQLiteCpp.h>
#include <SQLiteCpp/VariadicBind.h>

#include <chrono>
#include <cstdint>
#include <random>
#include <regex>
#include <string>

namespace json = boost::json;

// [schema]
constexpr const char* schema = R"(
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS epoch (name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY,
    username TEXT NOT NULL,
    id TEXT NOT NULL,
    message TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    UNIQUE (username, id)
);
)";
// [/schema]

struct Stored {
    json::object message;
    bool is_new = false;
};

class MessageLog {
public:
    // [open]
    explicit MessageLog(const std::string& path)
        : database_(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE) {
        database_.exec(schema);
        std::random_device random;
        SQLite::Statement name(database_,
                               "INSERT INTO epoch SELECT ? WHERE NOT EXISTS (SELECT * FROM epoch)");
        name.bind(1,
                  fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random()));
        name.exec();
        epoch_ = database_.execAndGet("SELECT name FROM epoch").getString();
    }
    // [/open]

    const std::string& epoch() const { return epoch_; }

    // [append]
    // The message with its number, and whether it is new: a repeat is stored no second time.
    Stored append(const std::string& username, const std::string& id, const std::string& text) {
        SQLite::Statement add(
            database_,
            "INSERT INTO messages (username, id, message, timestamp)"
            " VALUES (?, ?, ?, strftime('%Y-%m-%dT%H:%M:%fZ')) ON CONFLICT DO NOTHING");
        SQLite::bind(add, username, id, text);
        const bool is_new = add.exec() == 1;
        SQLite::Statement find(database_, select + "WHERE username = ? AND id = ?");
        SQLite::bind(find, username, id);
        return {read(find).at(0).as_object(), is_new};
    }
    // [/append]

    // [history]
    // What comes behind a position, or, if there is a gap, the last messages.
    json::object history(const std::string& since) {
        static const std::regex position(R"((\w+):([0-9]{1,18}))");
        std::smatch found;
        if (!std::regex_match(since, found, position)) {
            return {{"type", "error"}, {"code", "invalid_since"}};
        }
        json::object frame{{"type", "history"}, {"epoch", epoch_}, {"seq", last()}};
        const bool recovered = found.str(1) == epoch_;
        const std::int64_t seq = recovered ? std::stoll(found.str(2)) : last() - last_behind_a_gap;
        SQLite::Statement missed(database_, select + "WHERE seq > ? ORDER BY seq LIMIT 200");
        SQLite::bind(missed, seq);
        const json::array messages = read(missed);
        if (!messages.empty() && messages.back().at("seq") != frame.at("seq")) {
            frame["more"] = true;
        }
        if (!recovered) {
            frame["reason"] = "epoch";
        }
        frame["recovered"] = recovered;
        frame["messages"] = messages;
        return frame;
    }
    // [/history]

    std::int64_t last() {
        return database_.execAndGet("SELECT coalesce(max(seq), 0) FROM messages").getInt64();
    }

private:
    static json::array read(SQLite::Statement& rows) {
        json::array messages;
        while (rows.executeStep()) {
            messages.push_back(json::object{{"type", "message"},
                                            {"username", rows.getColumn(0).getString()},
                                            {"message", rows.getColumn(1).getString()},
                                            {"timestamp", rows.getColumn(2).getString()},
                                            {"id", rows.getColumn(3).getString()},
                                            {"seq", rows.getColumn(4).getInt64()}});
        }
        return messages;
    }

    static constexpr std::int64_t last_behind_a_gap = 50;
    const std::string select = "SELECT username, message, timestamp, id, seq FROM messages ";
    SQLite::Database database_;
    std::string epoch_;
};
