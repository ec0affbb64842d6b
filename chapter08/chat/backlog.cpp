#include "chat/backlog.hpp"

#include "chat/connection_manager.hpp"
#include "chat/history_frame.hpp"
#include "chat/missed.hpp"
#include "log/faults.hpp"

#include <algorithm>

namespace chat {

using chat_log::Conversation;
using chat_log::ConversationPtr;
using chat_log::Fault;
using chat_log::fault;
using chat_log::Seq;
using chat_log::Slice;

namespace {

// So much of one conversation, then it's the next one's turn.
constexpr std::size_t entries_in_turn = 64;
constexpr std::size_t bytes_in_turn = 16 * 1024;

}  // namespace

// The log calls these, and can't do anything about an exception.
template <class Function>
void Backlog::guarded(Function function) noexcept {
    try {
        function();
    } catch (const std::exception&) {
        end_for_want_of_memory(line_);
    }
}

bool Backlog::has(const Conversation& log) const noexcept {
    return !fault(Fault::replay_interleaves) &&
           std::ranges::any_of(behind_, [&](const Behind& one) { return one.log.get() == &log; });
}

Backlog::Behind* Backlog::find(const Conversation& log) noexcept {
    const auto found =
        std::ranges::find_if(behind_, [&](const Behind& one) { return one.log.get() == &log; });
    return found == behind_.end() ? nullptr : &*found;
}

void Backlog::hold(const ConversationPtr& log) {
    if (Behind* const known = find(*log)) {
        known->held = true;
    } else {
        behind_.push_back({.log = log});
    }
}

void Backlog::release(const Conversation& log, Seq seq) {
    if (Behind* const known = find(log)) {
        known->seq = seq;
        known->held = false;
        bring_up_to_date();
    }
}

void Backlog::begin_anew(const ConversationPtr& log) {
    if (find(*log) == nullptr) {
        behind_.push_back({.log = log, .held = false});
    }
    find(*log)->anew = true;
    bring_up_to_date();
}

void Backlog::drop(const Conversation& log) noexcept {
    std::erase_if(behind_, [&](const Behind& one) { return one.log.get() == &log; });
}

// Null if all that are left are held.
Backlog::Behind* Backlog::next_in_turn() noexcept {
    for (std::size_t i = 0; i < behind_.size(); ++i) {
        Behind& next = behind_[++turn_ % behind_.size()];
        if (!next.held) {
            return &next;
        }
    }
    return nullptr;
}

void Backlog::bring_up_to_date() {
    if (busy_) {
        return;
    }
    busy_ = true;
    while (!reading_ && line_.connected() && !line_.is_behind()) {
        const Behind* const next = next_in_turn();
        if (next == nullptr) {
            break;
        }
        const ConversationPtr log = next->log;
        if (next->anew) {
            tell_of_gap(log, "epoch");
            continue;
        }
        if (next->seq >= log->last_seq()) {
            drop(*log);
            continue;
        }
        reading_ = true;
        log_.read(log,
                  {.after = next->seq, .max_entries = entries_in_turn, .max_bytes = bytes_in_turn},
                  [weak = weak_from_this(), log](const Slice& slice) {
                      if (const auto self = weak.lock()) {
                          self->guarded([&] { self->send(log, slice); });
                      }
                  });
    }
    busy_ = false;
    wait_until_drained();
}

void Backlog::send(const ConversationPtr& log, const Slice& slice) {
    reading_ = false;
    Behind* const behind = find(*log);
    if (behind == nullptr || behind->held || behind->anew) {
        bring_up_to_date();
        return;
    }
    if (!slice.available || slice.entries.empty() || slice.first_kept > behind->seq + 1) {
        tell_of_gap(log, "trimmed");
        return;
    }
    std::string frame;
    for (const chat_log::Entry& entry : slice.entries) {
        write_numbered(entry, frame);
        line_.post_text(frame, mark_of(*log, entry.seq));
    }
    behind->seq = fault(Fault::laggard_skipped) ? log->last_seq() : slice.entries.back().seq;
    bring_up_to_date();
}

void Backlog::tell_of_gap(const ConversationPtr& log, std::string_view reason) {
    Behind* const behind = find(*log);
    behind->held = true;
    behind->anew = false;
    reading_ = true;
    read_last(log_, log, reason, [weak = weak_from_this(), log, reason](const Missed& missed) {
        if (const auto self = weak.lock()) {
            self->guarded([&] { self->go_on_behind_gap(log, missed, reason); });
        }
    });
}

void Backlog::go_on_behind_gap(const ConversationPtr& log, const Missed& missed,
                               std::string_view reason) {
    reading_ = false;
    if (missed.frame.empty()) {
        // Nothing can be read. The client sees a hole by the next number, but not another epoch.
        if (reason == "epoch") {
            const HistoryFrame gap{.seq = log->last_seq(), .recovered = false, .reason = reason};
            line_.post_text(write_history(gap, *log, Slice()), mark_of(*log, gap.seq));
        }
        release(*log, log->last_seq());
        return;
    }
    line_.post_text(missed.frame, mark_of(*log, missed.seq));
    release(*log, missed.seq);
}

void Backlog::wait_until_drained() {
    if (waiting_ || behind_.empty() || !line_.is_behind()) {
        return;
    }
    line_.when_drained([weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->waiting_ = false;
            self->bring_up_to_date();
        }
    });
    waiting_ = true;
}

}  // namespace chat
