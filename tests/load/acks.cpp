// What each sender was told of its messages that have ids, held against what was delivered.
#include "acks.hpp"

#include <algorithm>
#include <random>

namespace load {

AckCheck::AckCheck(std::size_t senders, std::size_t members)
    : senders_(senders), last_seq_(members) {
    std::random_device random;
    const std::uint64_t run = static_cast<std::uint64_t>(random()) << 32U | random();
    for (std::size_t i = 0; i < senders; ++i) {
        senders_[i].id = MessageId{run, static_cast<std::uint32_t>(i)}.text(0);
    }
}

void AckCheck::sent(std::size_t sender, Nanoseconds time, unsigned times) {
    Sender& from = senders_[sender];
    from.messages.push_back({.sent = time, .answers_due = times});
    ++from.waiting;
    from.due += times;
    due_ += times;
    figures_.repeats += times - 1;
}

std::optional<std::uint64_t> AckCheck::find(const Sender& sender, std::uint32_t number) {
    const std::uint64_t ahead =
        (number + Marker::numbers - sender.first % Marker::numbers) % Marker::numbers;
    if (ahead >= sender.messages.size()) {
        return std::nullopt;
    }
    return sender.first + ahead;
}

std::optional<std::uint64_t> AckCheck::find(const Sender& sender, std::string_view id) {
    const auto ours = std::string_view{sender.id}.substr(0, MessageId::number_at);
    std::uint32_t number = 0;
    if (id.size() != MessageId::size || !id.starts_with(ours) ||
        !parse_eight_digits(id.data() + MessageId::number_at, number)) {
        return std::nullopt;
    }
    return find(sender, number);
}

void AckCheck::answered(std::size_t sender, const Answer& answer, Nanoseconds time) {
    Sender& from = senders_[sender];
    const auto number = find(from, answer.id);
    if (!number || from.messages[*number - from.first].answers_due == 0) {
        ++figures_.unasked;
        return;
    }
    Message& message = from.messages[*number - from.first];
    const bool waited = message.acks == 0;
    --message.answers_due;
    --from.due;
    --due_;
    if (answer.is_refusal()) {
        ++figures_.refusals[std::string{answer.code}];
    } else {
        acknowledge(from, *number, answer, time);
    }
    if (waited && (message.acks > 0 || message.answers_due == 0)) {
        --from.waiting;
    }
    let_go(from);
}

void AckCheck::acknowledge(Sender& sender, std::uint64_t number, const Answer& answer,
                           Nanoseconds time) {
    Message& message = sender.messages[number - sender.first];
    ++message.acks;
    if (answer.duplicate) {
        ++message.duplicates;
        ++figures_.duplicates;
    }
    if (message.acks > 1) {
        message.misnumbered |= message.seq != answer.seq;
        return;
    }
    message.seq = answer.seq;
    ++figures_.acknowledged_in_all;
    if (measuring_) {
        figures_.latency.record(time > message.sent ? time - message.sent : 0);
    }
    if (number >= sender.end) {
        expected_ += number + 1 - sender.end;
        sender.end = number + 1;
    }
}

void AckCheck::delivered(std::size_t member, std::size_t sender, std::uint32_t number,
                         std::optional<std::uint64_t> seq) {
    if (!seq || *seq <= last_seq_[member]) {
        ++figures_.disordered;
    } else {
        last_seq_[member] = *seq;
    }
    if (member != sender) {
        return;
    }
    Sender& from = senders_[sender];
    if (const auto found = find(from, number)) {
        // What has no number differs from each that an ack can name.
        from.messages[*found - from.first].seen_seq = seq.value_or(~std::uint64_t{0});
        let_go(from);
    }
}

/// Forgets what nothing more will be heard of, from the front.
void AckCheck::let_go(Sender& sender) {
    while (!sender.messages.empty()) {
        const Message& message = sender.messages.front();
        const bool refused = message.acks == 0;
        if (message.answers_due > 0 || (!refused && message.seen_seq == 0)) {
            return;
        }
        judge(message, figures_);
        if (refused) {
            sender.refused.push_back(sender.first);
        }
        sender.messages.pop_front();
        ++sender.first;
    }
}

void AckCheck::judge(const Message& message, AckFigures& figures) {
    if (message.answers_due > 0) {
        ++figures.unanswered;
    } else if (message.acks == 0) {
        ++figures.refused;
    } else if (message.duplicates != message.acks - 1) {
        ++figures.wrong_duplicates;
    }
    const bool differs =
        message.acks > 0 && message.seen_seq != 0 && message.seen_seq != message.seq;
    figures.misnumbered += message.misnumbered || differs ? 1U : 0U;
}

void AckCheck::closed(std::size_t sender) {
    Sender& from = senders_[sender];
    due_ -= from.due;
    from.due = 0;
    from.closed = true;
}

void AckCheck::begin_window() {
    acknowledged_before_ = figures_.acknowledged_in_all;
    figures_.latency.reset();
    measuring_ = true;
}

void AckCheck::end_window() {
    figures_.acknowledged = figures_.acknowledged_in_all - acknowledged_before_;
    measuring_ = false;
}

bool AckCheck::acknowledged(const Sender& sender, std::uint64_t number) {
    if (number >= sender.first) {
        const std::uint64_t at = number - sender.first;
        return at < sender.messages.size() && sender.messages[at].acks > 0;
    }
    return !std::ranges::binary_search(sender.refused, number);
}

AckLosses AckCheck::losses(const SequenceCheck& sequence) const {
    AckLosses losses;
    sequence.for_each_gap([&](std::size_t /*member*/, std::size_t sender, std::uint64_t number) {
        losses.by_some += acknowledged(senders_[sender], number) ? 1U : 0U;
    });
    losses.all = losses.by_some;
    const std::size_t members = last_seq_.size();
    for (std::size_t sender = 0; sender < senders_.size(); ++sender) {
        std::uint64_t furthest = 0;
        for (std::size_t member = 0; member < members; ++member) {
            furthest = std::max(furthest, sequence.next(member, sender));
        }
        for (std::size_t member = 0; member < members; ++member) {
            for (auto number = sequence.next(member, sender); number < senders_[sender].end;
                 ++number) {
                const bool lost = acknowledged(senders_[sender], number);
                losses.all += lost ? 1U : 0U;
                losses.by_some += lost && number < furthest ? 1U : 0U;
            }
        }
    }
    return losses;
}

AckFigures AckCheck::conclude(const SequenceCheck& sequence) const {
    AckFigures figures = figures_;
    figures.losses_unchecked = sequence.forgotten();
    for (std::size_t i = 0; i < senders_.size(); ++i) {
        const Sender& sender = senders_[i];
        for (const Message& message : sender.messages) {
            if (!sender.closed || message.answers_due == 0) {
                judge(message, figures);
            }
        }
        if (sequence.forgotten() > 0) {
            continue;
        }
        for (const std::uint64_t number : sender.refused) {
            figures.refused_delivered += sequence.seen(i, i, number) ? 1U : 0U;
        }
    }
    return figures;
}

}  // namespace load
