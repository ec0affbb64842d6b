#include "log/database.hpp"

#include "log/database_errors.hpp"
#include "log/database_impl.hpp"
#include "log/slice_filler.hpp"

#include <fmt/format.h>

#include <sqlite3.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace chat_log {

namespace {

/// The longest that a server can be set to.
constexpr auto longest_window = std::chrono::hours(24);

/// The longest payload, with room for the rest of the row.
constexpr std::size_t max_payload = 500'000'000;

}  // namespace

Database::Impl::Impl(const std::filesystem::path& path, Access access)
    : file(path, access), statements(compile(file)) {
    guarded([this] { load_receipts(); });
}

Database::Statements Database::Impl::compile(DatabaseFile& file) {
    try {
        return Statements(file.sqlite());
    } catch (const SQLite::Exception& error) {
        throw DatabaseError(file.explain(error));
    }
}

void Database::Impl::load_receipts() {
    SQLite::Statement recent(file.sqlite(),
                             "SELECT row, author, id FROM receipts "
                             "WHERE row > (SELECT max(row) FROM receipts) - ? ORDER BY row");
    for (Running query(recent, max_receipts); query.next();) {
        if (query.integer(0) != receipts.end()) {
            receipts.forget_from(receipts.first());
            receipts.start_at(query.integer(0));
        }
        receipts.add(receipts.key_of(query.view(1), query.view(2)));
    }
    committed_receipts = receipts.end();
}

DatabaseError Database::Impl::explain(const SQLite::Exception& error) {
    return DatabaseError(file.explain(error));
}

DatabaseError Database::Impl::failure(const char* what) const {
    return DatabaseError(fmt::format("{}: {}", file.path().string(), what));
}

void Database::Impl::begin() {
    const bool serves = file.access() == Access::serve;
    Running(serves ? statements.begin : statements.begin_reading).run();
}

void Database::Impl::commit() {
    need_transaction();
    for (const auto& [conversation, seq] : last_seqs) {
        Running(statements.set_last_seq, static_cast<std::int64_t>(seq), conversation).run();
        trimming.grown.insert(conversation);
    }
    Running(statements.commit).run();
    committed_receipts = receipts.end();
    receipts.forget_before(committed_receipts - max_receipts);
    last_seqs.clear();
}

void Database::Impl::rollback() noexcept {
    last_seqs.clear();
    receipts.forget_from(committed_receipts);
    // Some failures have rolled back already.
    if (in_transaction()) {
        statements.rollback.tryReset();
        statements.rollback.tryExecuteStep();
        statements.rollback.tryReset();
    }
}

DatabaseError Database::Impl::damaged(const char* what) const {
    return DatabaseError(explain_error(file.path(), SQLITE_CORRUPT, 0, what));
}

bool Database::Impl::in_transaction() {
    return ::sqlite3_get_autocommit(file.sqlite().getHandle()) == 0;
}

void Database::Impl::need_transaction() {
    if (!in_transaction()) {
        throw failure("no transaction has begun");
    }
}

// The next one; once the highest is in use, one that was given back.
std::int64_t Database::Impl::free_id() {
    {
        Running highest(statements.highest_id);
        highest.next();
        if (highest.integer(0) < max_conversation) {
            return highest.integer(0) + 1;
        }
    }
    SQLite::Statement gap(file.sqlite(),
                          "SELECT id - 1 FROM conversations AS one WHERE id > 1 AND NOT EXISTS "
                          "(SELECT 1 FROM conversations WHERE id = one.id - 1) LIMIT 1");
    Running query(gap);
    if (!query.next()) {
        throw failure("it has room for no more conversations: begin a new file");
    }
    return query.integer(0);
}

Head Database::Impl::create(const std::string& name, const std::string& epoch, Seq last_seq) {
    const std::int64_t id = free_id();
    Running(statements.create_conversation, id, name, epoch, static_cast<std::int64_t>(last_seq))
        .run();
    return {.id = id, .epoch = epoch, .last_seq = last_seq};
}

Seq& Database::Impl::last_seq_of(const Head& head) {
    need_transaction();
    const auto known = last_seqs.find(head.id);
    if (known != last_seqs.end()) {
        return known->second;
    }
    Running query(statements.conversation_of_id, head.id);
    if (!query.next() || query.text(0) != head.epoch || query.is_null(2)) {
        throw failure("the conversation isn't in it any more");
    }
    return last_seqs.emplace(head.id, static_cast<Seq>(query.integer(1))).first->second;
}

std::optional<Receipt> Database::Impl::find_receipt(const Draft& draft, std::int64_t since_ms) {
    const auto row = receipts.find(receipts.key_of(draft.author, draft.id));
    if (!row) {
        return std::nullopt;
    }
    Running query(statements.find_receipt, *row);
    if (!query.next() || query.integer(1) < since_ms || query.view(2) != draft.author ||
        query.view(3) != draft.id) {
        return std::nullopt;
    }
    const std::int64_t position = query.integer(0);
    Running conversation(statements.conversation_of_id, conversation_at(position));
    if (!conversation.next()) {
        return std::nullopt;
    }
    return Receipt{.result = Receipt::Result::duplicate,
                   .seq = seq_at(position),
                   .epoch = conversation.text(0),
                   .stored = from_ms(query.integer(1))};
}

void Database::Impl::add_receipt(const Draft& draft, std::int64_t position,
                                 std::int64_t stored_ms) {
    const std::int64_t row = receipts.add(receipts.key_of(draft.author, draft.id));
    Running(statements.add_receipt, row, position, stored_ms, draft.author, draft.id).run();
}

void Database::Impl::add_message(std::int64_t position, const Draft& draft,
                                 std::int64_t stored_ms) {
    if (draft.payload.size() > max_payload) {
        throw failure("a message is too large for it");
    }
    if (draft.id.empty()) {
        Running(statements.add_message, position, stored_ms, draft.author, nullptr, draft.payload)
            .run();
    } else {
        Running(statements.add_message, position, stored_ms, draft.author, draft.id, draft.payload)
            .run();
    }
}

Receipt Database::Impl::append(Head& head, const Draft& draft, std::int64_t now_ms,
                               std::int64_t window_ms) {
    Seq& last_seq = last_seq_of(head);
    head.last_seq = last_seq;
    const bool has_receipt = !draft.id.empty() && window_ms > 0;
    if (has_receipt) {
        if (auto first = find_receipt(draft, now_ms - window_ms)) {
            return *std::move(first);
        }
    }
    const Seq seq = next_seq(last_seq);
    const std::int64_t position = position_of(head.id, seq);
    add_message(position, draft, now_ms);
    if (has_receipt) {
        add_receipt(draft, position, now_ms);
    }
    last_seq = head.last_seq = seq;
    return {.seq = seq, .epoch = head.epoch, .stored = from_ms(now_ms)};
}

Seq Database::Impl::next_seq(Seq last_seq) const {
    if (last_seq >= max_seq) {
        throw failure("the conversation has used up its numbers");
    }
    return last_seq + 1;
}

// Its old row is kept as long as a repeat of what was said may come.
Head Database::Impl::restart(const Head& head, const std::string& epoch, Seq last_seq) {
    const std::string name = [&] {
        last_seq_of(head);
        Running query(statements.conversation_of_id, head.id);
        query.next();
        return query.text(2);
    }();
    Running(statements.retire_conversation, to_ms(std::chrono::system_clock::now()), head.id).run();
    return create(name, epoch, last_seq);
}

void Database::Impl::restore(Head& head, const Record& record) {
    Seq& last_seq = last_seq_of(head);
    if (record.seq != next_seq(last_seq)) {
        throw failure("the message has another number than the next one");
    }
    const std::int64_t position = position_of(head.id, record.seq);
    const std::int64_t stored_ms = to_ms(record.stored);
    add_message(position, record.draft, stored_ms);
    const auto age = std::chrono::system_clock::now() - record.stored;
    if (!record.draft.id.empty() && age < longest_window) {
        add_receipt(record.draft, position, stored_ms);
    }
    last_seq = head.last_seq = record.seq;
}

std::optional<Database::Impl::Oldest> Database::Impl::oldest(std::int64_t conversation) {
    Running query(statements.oldest, position_of(conversation, 0),
                  position_of(conversation + 1, 0));
    if (!query.next()) {
        return std::nullopt;
    }
    return Oldest{.position = query.integer(0), .stored_ms = query.integer(1)};
}

Slice Database::Impl::read(const Head& head, const Range& range) {
    const auto first = oldest(head.id);
    const std::int64_t after = position_of(head.id, std::min(range.after, max_seq));
    const std::int64_t before =
        range.before > max_seq ? position_of(head.id + 1, 0) : position_of(head.id, range.before);
    // One more, which says whether there are others. The first comes however large it is.
    const std::size_t most = std::min<std::size_t>(range.max_entries, max_seq) + 1;
    Running query(range.newest ? statements.read_back : statements.read_forward, after, before,
                  static_cast<std::int64_t>(std::max<std::size_t>(most, 2)));
    SliceFiller slice(range, first ? seq_at(first->position) : head.last_seq + 1);
    while (query.next()) {
        Entry entry{.seq = seq_at(query.integer(0)), .stored = from_ms(query.integer(1))};
        entry.payload = query.text(2);
        if (!slice.add(std::move(entry))) {
            break;
        }
    }
    return slice.finish();
}

Database::Database(const std::filesystem::path& file, Access access) {
    impl_ = std::make_unique<Impl>(file, access);
}

Database::~Database() {
    impl_->rollback();
}

void Database::begin() {
    impl_->guarded([&] { impl_->begin(); });
}

void Database::commit() {
    impl_->guarded([&] { impl_->commit(); });
}

void Database::rollback() noexcept {
    impl_->rollback();
}

std::optional<Head> Database::find(std::string_view conversation) {
    return impl_->guarded([&]() -> std::optional<Head> {
        const std::string name(conversation);
        Running query(impl_->statements.find_conversation, name);
        if (!query.next()) {
            return std::nullopt;
        }
        Head head{.id = query.integer(0),
                  .epoch = query.text(1),
                  .last_seq = static_cast<Seq>(query.integer(2))};
        const auto moved_on = impl_->last_seqs.find(head.id);
        if (moved_on != impl_->last_seqs.end()) {
            head.last_seq = moved_on->second;
        }
        return head;
    });
}

Head Database::create(std::string_view conversation, std::string_view epoch, Seq last_seq) {
    return impl_->guarded(
        [&] { return impl_->create(std::string(conversation), std::string(epoch), last_seq); });
}

Head Database::restart(const Head& head, std::string_view epoch, Seq last_seq) {
    return impl_->guarded([&] { return impl_->restart(head, std::string(epoch), last_seq); });
}

Receipt Database::append(Head& head, const Draft& draft, Time now,
                         std::chrono::system_clock::duration dedup_window) {
    return impl_->guarded(
        [&] { return impl_->append(head, draft, to_ms(now), window_of(dedup_window)); });
}

Slice Database::read(const Head& head, const Range& range) {
    return impl_->guarded([&] { return impl_->read(head, range); });
}

void Database::for_each(const Head& head, const std::function<void(const Record&)>& take) {
    impl_->guarded([&] {
        Running query(impl_->statements.read_whole, position_of(head.id, 0),
                      position_of(head.id + 1, 0));
        while (query.next()) {
            take({.seq = seq_at(query.integer(0)),
                  .stored = from_ms(query.integer(1)),
                  .draft = {
                      .author = query.text(2), .id = query.text(3), .payload = query.text(4)}});
        }
    });
}

void Database::restore(Head& head, const Record& record) {
    impl_->guarded([&] { impl_->restore(head, record); });
}

}  // namespace chat_log
