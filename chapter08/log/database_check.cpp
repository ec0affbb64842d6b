// What the tool for the file asks: is it whole, what is in it, and can it be smaller.
#include "log/database_impl.hpp"

#include <fmt/format.h>

namespace chat_log {

namespace {

/// Looks for faults, and goes on behind each.
class Checker {
public:
    explicit Checker(SQLite::Database& database) : database_(database) {}

    std::vector<std::string> run() {
        what_sqlite_says();
        numbers();
        orphans();
        receipts();
        return std::move(faults_);
    }

private:
    void what_sqlite_says() {
        SQLite::Statement check(database_, "PRAGMA integrity_check");
        while (check.executeStep()) {
            const std::string line = check.getColumn(0).getString();
            if (line != "ok") {
                faults_.push_back(line);
            }
        }
    }

    void numbers() {
        SQLite::Statement all(database_,
                              "SELECT id, name, last_seq FROM conversations ORDER BY id");
        SQLite::Statement kept(database_,
                               "SELECT count(*), min(position), max(position) FROM messages "
                               "WHERE position >= ? AND position < ?");
        while (all.executeStep()) {
            const std::int64_t id = all.getColumn(0).getInt64();
            const std::string name = all.isColumnNull(1)
                                         ? fmt::format("number {}, which started over", id)
                                         : all.getColumn(1).getString();
            Running query(kept, position_of(id, 0), position_of(id + 1, 0));
            query.next();
            const std::int64_t count = query.integer(0);
            in_conversations_ += count;
            if (count > 0) {
                numbers_of(name, static_cast<Seq>(count), seq_at(query.integer(1)),
                           seq_at(query.integer(2)), static_cast<Seq>(all.getColumn(2).getInt64()));
            }
        }
    }

    void numbers_of(const std::string& name, Seq count, Seq first, Seq last, Seq last_seq) {
        if (last - first + 1 != count) {
            faults_.push_back(fmt::format("{}: of the messages {} to {}, {} are missing", name,
                                          first, last, last - first + 1 - count));
        }
        if (last != last_seq) {
            faults_.push_back(
                fmt::format("{}: its last message is {}, but it counts {}", name, last, last_seq));
        }
    }

    void orphans() {
        const std::int64_t all = count("SELECT count(*) FROM messages");
        if (all != in_conversations_) {
            faults_.push_back(
                fmt::format("{} messages are of no conversation", all - in_conversations_));
        }
    }

    void receipts() {
        const std::int64_t strange = count(fmt::format(
            "SELECT count(*) FROM receipts AS receipt LEFT JOIN conversations AS conversation "
            "ON conversation.id = receipt.position >> {0} "
            "LEFT JOIN messages AS message ON message.position = receipt.position "
            "WHERE conversation.id IS NULL "
            "OR (receipt.position & ((1 << {0}) - 1)) > conversation.last_seq "
            "OR message.id IS NOT receipt.id AND message.position IS NOT NULL",
            seq_bits));
        if (strange > 0) {
            faults_.push_back(fmt::format("{} receipts are of no message", strange));
        }
    }

    std::int64_t count(const std::string& query) { return database_.execAndGet(query).getInt64(); }

    SQLite::Database& database_;
    std::vector<std::string> faults_;
    std::int64_t in_conversations_ = 0;
};

}  // namespace

std::vector<std::string> Database::check() {
    try {
        return impl_->guarded([&] {
            // One state of the file for all questions, whatever a server does meanwhile.
            const bool begins = !impl_->in_transaction();
            if (begins) {
                Running(impl_->statements.begin_reading).run();
            }
            std::vector<std::string> faults = Checker(impl_->file.sqlite()).run();
            if (begins) {
                impl_->rollback();
            }
            return faults;
        });
    } catch (const DatabaseError& error) {
        return {error.what()};
    }
}

void Database::compact() {
    impl_->guarded([&] {
        impl_->file.sqlite().exec("VACUUM");
        impl_->file.sqlite().execAndGet("PRAGMA wal_checkpoint(TRUNCATE)").getInt();
    });
}

std::vector<Database::Summary> Database::conversations() {
    return impl_->guarded([&] {
        SQLite::Statement all(impl_->file.sqlite(),
                              "SELECT id, name, epoch, last_seq FROM conversations "
                              "WHERE name IS NOT NULL ORDER BY name");
        std::vector<Summary> summaries;
        while (all.executeStep()) {
            const auto oldest = impl_->oldest(all.getColumn(0).getInt64());
            summaries.push_back({.conversation = all.getColumn(1).getString(),
                                 .epoch = all.getColumn(2).getString(),
                                 .first_seq = oldest ? seq_at(oldest->position) : 0,
                                 .last_seq = static_cast<Seq>(all.getColumn(3).getInt64())});
        }
        return summaries;
    });
}

}  // namespace chat_log
