// What the parts of Database share: its statements, and what it knows of the transaction.
#pragma once

#include "log/database.hpp"
#include "log/database_file.hpp"
#include "log/recent_receipts.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace chat_log {

// A message's position in the file: its conversation's id above, its seq below.
constexpr unsigned seq_bits = 39;
constexpr Seq max_seq = (Seq{1} << seq_bits) - 1;
constexpr std::int64_t max_conversation = (std::int64_t{1} << (63U - seq_bits)) - 2;

constexpr std::int64_t position_of(std::int64_t conversation, Seq seq) {
    return static_cast<std::int64_t>((static_cast<Seq>(conversation) << seq_bits) | seq);
}
constexpr std::int64_t conversation_at(std::int64_t position) {
    return position >> seq_bits;
}
constexpr Seq seq_at(std::int64_t position) {
    return static_cast<Seq>(position) & max_seq;
}

/// So many are known at most, whatever the window is: for the sake of memory, and of the start.
constexpr std::int64_t max_receipts = 5'000'000;

inline std::int64_t to_ms(Time time) {
    return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}
inline std::int64_t window_of(std::chrono::system_clock::duration window) {
    return std::chrono::ceil<std::chrono::milliseconds>(window).count();
}
/// Any number, since a damaged file may hold it.
inline Time from_ms(std::int64_t ms) {
    constexpr std::int64_t most =
        std::chrono::floor<std::chrono::milliseconds>(Time::max().time_since_epoch()).count();
    return Time(std::chrono::milliseconds(std::clamp(ms, -most, most)));
}

/// A statement at work: its values are bound, and at the end it's reset, so that it keeps no row
/// and no lock. The values have to live as long.
class Running {
public:
    template <typename... Values>
    explicit Running(SQLite::Statement& statement, const Values&... values)
        : statement_(statement) {
        int index = 0;
        (bind(++index, values), ...);
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() { statement_.tryReset(); }

    /// Goes on to the next row, if there is one.
    bool next() { return statement_.executeStep(); }
    /// Returns how many rows it changed.
    int run() { return statement_.exec(); }

    std::int64_t integer(int column) const { return statement_.getColumn(column).getInt64(); }
    /// Until the next row.
    std::string_view view(int column) const {
        const SQLite::Column value = statement_.getColumn(column);
        const char* const text = value.getText();
        return {text, static_cast<std::size_t>(value.getBytes())};
    }
    std::string text(int column) const { return statement_.getColumn(column).getString(); }
    bool is_null(int column) const { return statement_.isColumnNull(column); }

private:
    void bind(int index, std::int64_t value) { statement_.bind(index, value); }
    void bind(int index, const std::string& value) { statement_.bindNoCopy(index, value); }
    void bind(int index, std::nullptr_t) { statement_.bind(index); }

    SQLite::Statement& statement_;
};

/// Everything that is asked more than once, compiled once.
struct Database::Statements {
    explicit Statements(SQLite::Database& database);

    SQLite::Statement begin;
    SQLite::Statement begin_reading;
    SQLite::Statement commit;
    SQLite::Statement rollback;

    SQLite::Statement find_conversation;
    SQLite::Statement conversation_of_id;
    SQLite::Statement highest_id;
    SQLite::Statement create_conversation;
    SQLite::Statement retire_conversation;
    SQLite::Statement set_last_seq;

    SQLite::Statement find_receipt;
    SQLite::Statement add_receipt;
    SQLite::Statement add_message;

    SQLite::Statement read_forward;
    SQLite::Statement read_back;
    SQLite::Statement read_whole;
    SQLite::Statement oldest;

    // What trim() asks.
    SQLite::Statement receipts_from;
    SQLite::Statement delete_receipts;
    SQLite::Statement conversation_from;
    SQLite::Statement first_since;
    SQLite::Statement delete_messages;
    SQLite::Statement delete_conversation;
};

struct Database::Impl {
    Impl(const std::filesystem::path& file, Access access);

    /// Runs one of Database's functions: if SQLite fails, or memory runs out, the transaction is
    /// rolled back, and the failure is thrown as a DatabaseError.
    template <typename Function>
    auto guarded(Function function) {
        try {
            errno = 0;
            return function();
        } catch (const SQLite::Exception& error) {
            const DatabaseError explained = explain(error);
            rollback();
            throw explained;
        } catch (...) {
            rollback();
            throw;
        }
    }

    struct Oldest {
        std::int64_t position = 0;
        std::int64_t stored_ms = 0;
    };

    void begin();
    void commit();
    void rollback() noexcept;
    bool in_transaction();
    void need_transaction();

    std::int64_t free_id();
    Head create(const std::string& name, const std::string& epoch, Seq last_seq);
    Seq next_seq(Seq last_seq) const;
    /// Where the conversation is now, within the transaction; it's written at the end of that.
    Seq& last_seq_of(const Head& head);
    std::optional<Receipt> find_receipt(const Draft& draft, std::int64_t since_ms);
    void add_receipt(const Draft& draft, std::int64_t position, std::int64_t stored_ms);
    void add_message(std::int64_t position, const Draft& draft, std::int64_t stored_ms);
    Receipt append(Head& head, const Draft& draft, std::int64_t now_ms, std::int64_t window_ms);
    Head restart(const Head& head, const std::string& epoch, Seq last_seq);
    void restore(Head& head, const Record& record);

    std::optional<Oldest> oldest(std::int64_t conversation);
    Slice read(const Head& head, const Range& range);

    static Statements compile(DatabaseFile& file);
    DatabaseError explain(const SQLite::Exception& error);
    DatabaseError failure(const char* what) const;
    DatabaseError damaged(const char* what) const;
    void load_receipts();

    DatabaseFile file;
    Statements statements;

    RecentReceipts receipts{};
    std::int64_t committed_receipts = 0;  // the end of those that are in the file for good

    // The numbers given out in this transaction.
    std::unordered_map<std::int64_t, Seq> last_seqs{};

    /// What trim() has yet to look at.
    struct Trimming {
        std::unordered_set<std::int64_t> grown{};  // conversations, since they were looked at
        bool going_round = false;                  // all conversations are being looked at
        std::int64_t next = 0;                     // of them, from this id on
        std::int64_t cutting = 0;                  // has more messages than it may have
        std::optional<Time> round_began{};         // the last one
    };
    Trimming trimming{};
};

}  // namespace chat_log
