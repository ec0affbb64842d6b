// What Database forgets: a little at a time, so that nobody waits long for it.
#include "log/database_impl.hpp"

#include <algorithm>

namespace chat_log {

namespace {

using std::chrono::steady_clock;

constexpr auto time_for_one_go = std::chrono::milliseconds(1);
constexpr Seq messages_at_once = 64;
constexpr std::int64_t receipts_at_once = 64;

/// Beyond this, the clock was wrong when the receipts were stored.
constexpr std::int64_t too_far_ahead_ms = std::chrono::milliseconds(std::chrono::hours(25)).count();

/// One go of Database::trim().
class Trimmer {
public:
    using InUse = std::function<bool(std::string_view)>;

    Trimmer(Database::Impl& database, const Retention& retention, Time now, const InUse& in_use)
        : database_(database), retention_(retention), now_(now), in_use_(in_use) {
        begin_round_if_due();
    }

    bool has_work() const {
        const auto& trimming = database_.trimming;
        return looking_for_receipts_ || !trimming.grown.empty() || trimming.going_round;
    }

    void run() {
        const auto end = steady_clock::now() + time_for_one_go;
        do {
            step();
        } while (has_work() && steady_clock::now() < end);
    }

    /// Is called once what was deleted is committed.
    void committed() { database_.receipts.forget_before(first_receipt_); }

private:
    struct Conversation {
        std::int64_t id = 0;
        bool restarted = false;  // it's what was before, and nobody sees it any more
        std::string name{};
        Seq last_seq = 0;
        std::int64_t restarted_ms = 0;
    };

    void begin_round_if_due();
    void forget_receipts();
    bool is_kept(std::int64_t receipt, std::int64_t stored_ms) const;
    void step();
    std::optional<Conversation> conversation_from(std::int64_t id);
    bool visit(const Conversation& conversation);
    bool visit_empty(const Conversation& conversation);
    Seq first_to_keep(const Conversation& conversation, Seq first, std::int64_t first_stored_ms);
    std::int64_t oldest_ms() const { return to_ms(now_ - retention_.max_age); }

    Database::Impl& database_;
    const Retention& retention_;
    Time now_;
    const InUse& in_use_;
    bool looking_for_receipts_ = true;
    std::int64_t first_receipt_ = 0;
};

// Messages get too old without anything happening, so all conversations are looked at now and then.
void Trimmer::begin_round_if_due() {
    using std::chrono::system_clock;
    constexpr int rounds_an_age = 100;
    const system_clock::duration longest = std::chrono::hours(1);
    const system_clock::duration between =
        retention_.max_age > system_clock::duration::zero()
            ? std::min(longest, retention_.max_age / rounds_an_age)
            : longest;
    auto& trimming = database_.trimming;
    if (!trimming.going_round && (!trimming.round_began || now_ < *trimming.round_began ||
                                  now_ - *trimming.round_began >= between)) {
        trimming.going_round = true;
        trimming.next = 0;
        trimming.round_began = now_;
    }
}

void Trimmer::step() {
    auto& trimming = database_.trimming;
    if (looking_for_receipts_) {
        forget_receipts();
    } else if (!trimming.grown.empty()) {
        const std::int64_t id = *trimming.grown.begin();
        const auto conversation = conversation_from(id);
        if (!conversation || conversation->id != id || !visit(*conversation)) {
            trimming.grown.erase(id);
        }
    } else if (trimming.going_round) {
        const auto conversation = conversation_from(trimming.next);
        trimming.going_round = conversation.has_value();
        if (conversation && conversation->id < trimming.next) {
            throw database_.damaged("conversations are out of order");
        }
        if (conversation) {
            trimming.next = visit(*conversation) ? conversation->id : conversation->id + 1;
        }
    }
}

bool Trimmer::is_kept(std::int64_t receipt, std::int64_t stored_ms) const {
    const std::int64_t now_ms = to_ms(now_);
    const std::int64_t window_ms = window_of(retention_.dedup_window);
    return receipt >= database_.receipts.first() && stored_ms >= now_ms - window_ms &&
           stored_ms <= now_ms + too_far_ahead_ms;
}

void Trimmer::forget_receipts() {
    const std::int64_t before = first_receipt_;
    looking_for_receipts_ = false;
    {
        std::int64_t looked_at = 0;
        Running oldest(database_.statements.receipts_from, first_receipt_, receipts_at_once);
        while (oldest.next() && !is_kept(oldest.integer(0), oldest.integer(1))) {
            first_receipt_ = oldest.integer(0) + 1;
            ++looked_at;
        }
        looking_for_receipts_ = looked_at == receipts_at_once;
    }
    if (first_receipt_ != before) {
        Running(database_.statements.delete_receipts, first_receipt_).run();
    }
}

std::optional<Trimmer::Conversation> Trimmer::conversation_from(std::int64_t id) {
    Running query(database_.statements.conversation_from, id);
    if (!query.next()) {
        return std::nullopt;
    }
    return Conversation{.id = query.integer(0),
                        .restarted = query.is_null(1),
                        .name = query.text(1),
                        .last_seq = static_cast<Seq>(query.integer(2)),
                        .restarted_ms = query.integer(3)};
}

// Deletes some of it; true if there may be more to delete in it.
bool Trimmer::visit(const Conversation& conversation) {
    const auto oldest = database_.oldest(conversation.id);
    if (!oldest) {
        return visit_empty(conversation);
    }
    const Seq first = seq_at(oldest->position);
    const Seq keep = first_to_keep(conversation, first, oldest->stored_ms);
    if (keep <= first) {
        return false;
    }
    const int deleted = Running(database_.statements.delete_messages, oldest->position,
                                position_of(conversation.id, keep))
                            .run();
    if (deleted == 0) {  // else it would be tried again without end
        throw database_.damaged("a message isn't found by its number");
    }
    return true;
}

bool Trimmer::visit_empty(const Conversation& conversation) {
    const bool goes =
        conversation.restarted
            ? conversation.restarted_ms < to_ms(now_) - window_of(retention_.dedup_window)
            : conversation.last_seq == 0 && !in_use_(conversation.name);
    if (goes) {
        Running(database_.statements.delete_conversation, conversation.id).run();
    }
    return false;
}

// No more than can go at once.
Seq Trimmer::first_to_keep(const Conversation& conversation, Seq first,
                           std::int64_t first_stored_ms) {
    constexpr Seq leeway = 8;  // one part in so many, so that not each message deletes another
    const Seq end = std::min(first + messages_at_once, conversation.last_seq + 1);
    if (conversation.restarted) {
        return end;
    }
    const Seq most = retention_.max_messages;
    const Seq kept = conversation.last_seq - first + 1;
    Seq keep = first;
    std::int64_t& cutting = database_.trimming.cutting;
    if (most > 0 && (kept > most + most / leeway || (kept > most && cutting == conversation.id))) {
        keep = std::min(end, conversation.last_seq - most + 1);
        cutting = conversation.id;
    } else if (cutting == conversation.id) {
        cutting = 0;
    }
    const bool has_age = retention_.max_age > std::chrono::system_clock::duration::zero();
    if (keep < end && has_age && first_stored_ms < oldest_ms()) {
        Running young(database_.statements.first_since, position_of(conversation.id, first),
                      position_of(conversation.id, end), oldest_ms());
        keep = std::max(keep, young.next() ? seq_at(young.integer(0)) : end);
    }
    return keep;
}

}  // namespace

bool Database::trim(const Retention& retention, Time now,
                    const std::function<bool(std::string_view)>& in_use) {
    return impl_->guarded([&] {
        Trimmer trimmer(*impl_, retention, now, in_use);
        if (!trimmer.has_work()) {
            return false;
        }
        impl_->begin();
        trimmer.run();
        impl_->commit();
        trimmer.committed();
        return trimmer.has_work();
    });
}

}  // namespace chat_log
