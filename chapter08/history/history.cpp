#include "history/history.hpp"

#include "history/history_line.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <istream>
#include <map>
#include <ostream>
#include <system_error>

namespace history {

using chat_log::Database;
using chat_log::Head;

namespace {

/// One import: a transaction, in which each line has to fit to those before it, and to the file.
class Import {
public:
    explicit Import(Database& database) : database_(database) { database_.begin(); }

    void add(const HistoryLine& line) {
        Head& head = head_of(line);
        const chat_log::Seq next = head.last_seq + 1;
        if (line.epoch != head.epoch) {
            throw InvalidLine(fmt::format(
                "{} has another epoch in this file: import into a new one", line.conversation));
        }
        if (line.record.seq != next) {
            throw InvalidLine(
                line.record.seq < next
                    ? fmt::format("{} already has a message {}", line.conversation, line.record.seq)
                    : fmt::format("the message {} of {} is missing before it", next,
                                  line.conversation));
        }
        database_.restore(head, line.record);
    }

    void commit() { database_.commit(); }

private:
    Head& head_of(const HistoryLine& line) {
        const auto known = heads_.find(line.conversation);
        if (known != heads_.end()) {
            return known->second;
        }
        auto head = database_.find(line.conversation);
        // What was said before this may be trimmed.
        const chat_log::Seq before = line.record.seq - 1;
        if (!head) {
            head = database_.create(line.conversation, line.epoch, before);
        } else if (head->last_seq == 0) {
            head = database_.restart(*head, line.epoch, before);
        }
        return heads_.emplace(line.conversation, *head).first->second;
    }

    Database& database_;
    std::map<std::string, Head> heads_;
};

std::size_t import_into(Database& database, std::istream& in) {
    Import import(database);
    std::size_t number = 0;
    std::size_t count = 0;
    try {
        for (std::string line; std::getline(in, line);) {
            ++number;
            if (!line.empty()) {
                import.add(read_line(line));
                ++count;
            }
        }
    } catch (const InvalidLine& error) {
        throw HistoryError(fmt::format("line {}: {}; nothing was imported", number, error.what()));
    }
    if (in.bad()) {
        throw HistoryError("the lines can't be read; nothing was imported");
    }
    import.commit();
    return count;
}

void remove_database(const std::filesystem::path& file) {
    for (const char* const suffix : {"", "-wal", "-shm"}) {
        std::error_code ignored;
        std::filesystem::remove(file.string() + suffix, ignored);
    }
}

void need_file(const std::filesystem::path& file) {
    if (!std::filesystem::exists(file)) {
        throw HistoryError(fmt::format("{}: there is no such file", file.string()));
    }
}

}  // namespace

void export_lines(const std::filesystem::path& file, const std::string& conversation,
                  std::ostream& out) {
    Database database(file, Database::Access::read);
    database.begin();
    bool found = false;
    for (const Database::Summary& summary : database.conversations()) {
        if (!conversation.empty() && summary.conversation != conversation) {
            continue;
        }
        found = true;
        HistoryLine line{.conversation = summary.conversation, .epoch = summary.epoch};
        database.for_each(*database.find(summary.conversation),
                          [&](const Database::Record& record) {
                              line.record = record;
                              out << write_line(line) << '\n';
                          });
    }
    if (!conversation.empty() && !found) {
        throw HistoryError(
            fmt::format("{}: it has no conversation {}", file.string(), conversation));
    }
    if (!out.flush()) {
        throw HistoryError("the messages can't be written: is the disk full?");
    }
}

std::size_t import_lines(const std::filesystem::path& file, std::istream& in) {
    const bool is_new = !std::filesystem::exists(file);
    try {
        Database database(file);
        return import_into(database, in);
    } catch (...) {
        if (is_new) {
            remove_database(file);
        }
        throw;
    }
}

bool check(const std::filesystem::path& file, std::ostream& out) {
    Database database(file, Database::Access::read);
    const std::vector<std::string> faults = database.check();
    for (const std::string& fault : faults) {
        out << file.string() << ": " << fault << '\n';
    }
    if (!faults.empty()) {
        return false;
    }
    chat_log::Seq messages = 0;
    const auto conversations = database.conversations();
    for (const Database::Summary& summary : conversations) {
        messages += summary.first_seq == 0 ? 0 : summary.last_seq - summary.first_seq + 1;
    }
    fmt::print(out, "{}: ok, {} conversations, {} messages\n", file.string(), conversations.size(),
               messages);
    return true;
}

void compact(const std::filesystem::path& file, std::ostream& out) {
    need_file(file);
    const auto before = std::filesystem::file_size(file);
    {
        Database database(file);
        database.compact();
    }
    fmt::print(out, "{}: {} bytes, and {} before\n", file.string(),
               std::filesystem::file_size(file), before);
}

}  // namespace history
