#include "chat/missed.hpp"

#include "chat/history_frame.hpp"
#include "log/faults.hpp"

#include <new>
#include <utility>

namespace chat {

using chat_log::ConversationPtr;
using chat_log::Fault;
using chat_log::fault;
using chat_log::Seq;
using chat_log::Slice;

namespace {

constexpr std::size_t last_messages = 50;

Missed write(const HistoryFrame& frame, const chat_log::Conversation& log, const Slice& slice) {
    try {
        const Seq last = frame.more ? slice.entries.back().seq : frame.seq;
        return {write_history(frame, log, slice), frame.seq, last, frame.recovered.value_or(false)};
    } catch (const std::bad_alloc&) {
        return {};
    }
}

}  // namespace

void read_missed(chat_log::Log& log, const ConversationPtr& conversation, const Position& since,
                 std::function<void(Missed)> done) {
    const bool is_here =
        since.epoch == conversation->epoch() && since.seq <= conversation->last_seq();
    if (!is_here && !fault(Fault::gap_not_announced)) {
        read_last(log, conversation, "epoch", std::move(done));
        return;
    }
    const Seq after = since.seq + (fault(Fault::history_off_by_one) ? 1 : 0);
    log.read(conversation, {.after = after},
             [&log, conversation, seq = since.seq, done = std::move(done)](const Slice& slice) {
                 if (!slice.available) {
                     done({});
                 } else if (slice.first_kept > seq + 1) {
                     read_last(log, conversation, "trimmed", done);
                 } else {
                     const Seq last = slice.entries.empty() ? seq : slice.entries.back().seq;
                     const Seq end = slice.more ? conversation->last_seq() : last;
                     done(write({.seq = end, .more = slice.more, .recovered = true}, *conversation,
                                slice));
                 }
             });
}

void read_last(chat_log::Log& log, const ConversationPtr& conversation, std::string_view reason,
               std::function<void(Missed)> done) {
    log.read(
        conversation, {.max_entries = last_messages, .newest = true},
        [conversation, reason, done = std::move(done)](const Slice& slice) {
            if (!slice.available) {
                done({});
                return;
            }
            const Seq end =
                slice.entries.empty() ? conversation->last_seq() : slice.entries.back().seq;
            done(write({.seq = end, .recovered = false, .reason = reason}, *conversation, slice));
        });
}

}  // namespace chat
