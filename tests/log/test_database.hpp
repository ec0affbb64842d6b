// A database of a test, in a folder that goes with it.
#pragma once

#include "log/database.hpp"
#include "support/temporary_directory.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace test {

using chat_log::Database;
using chat_log::DatabaseError;
using chat_log::Draft;
using chat_log::Head;
using chat_log::Range;
using chat_log::Receipt;
using chat_log::Seq;
using chat_log::Slice;
using chat_log::Time;
using std::chrono::minutes;

constexpr auto window = minutes(10);

/// A time of day in these tests.
inline Time at(std::chrono::milliseconds after) {
    return Time(std::chrono::sys_days(std::chrono::year(2024) / 1 / 1)) + after;
}

struct TestDatabase {
    TemporaryDirectory folder{};
    std::filesystem::path path = folder.path() / "chat.db";
    std::unique_ptr<Database> database = std::make_unique<Database>(path);

    Database* operator->() { return database.get(); }

    void reopen() {
        database.reset();
        database = std::make_unique<Database>(path);
    }

    Head create(const std::string& name, const std::string& epoch = "epoch") {
        database->begin();
        const Head head = database->create(name, epoch);
        database->commit();
        return head;
    }

    /// In a transaction of its own.
    Receipt append(Head& head, const Draft& draft, Time now = at(minutes(0))) {
        database->begin();
        const Receipt receipt = database->append(head, draft, now, window);
        database->commit();
        return receipt;
    }

    /// Messages that say their numbers, in one transaction.
    void fill(Head& head, int count, Time now = at(minutes(0))) {
        database->begin();
        for (int i = 0; i < count; ++i) {
            const std::string number = std::to_string(head.last_seq + 1);
            database->append(head, {.author = "alice", .id = number, .payload = number}, now, {});
        }
        database->commit();
    }

    std::vector<Seq> numbers(const Head& head, const Range& range = {.max_entries = 1'000'000}) {
        std::vector<Seq> numbers;
        for (const auto& entry : database->read(head, range).entries) {
            numbers.push_back(entry.seq);
        }
        return numbers;
    }

    /// Until nothing more is to be deleted.
    void trim(
        const chat_log::Retention& retention, Time now,
        const std::function<bool(std::string_view)>& in_use = [](auto) { return true; }) {
        while (database->trim(retention, now, in_use)) {}
    }
};

}  // namespace test
