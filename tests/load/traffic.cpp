// Echo and chat: senders with messages in flight, members that check each one.
#include "traffic.hpp"

#include "modes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace load {

namespace {

constexpr std::uint32_t senders_each_run = 100'000;
constexpr std::string_view echo_prefix = "Echo: ";
// An open loop does not wait for a connection that is further behind than this.
constexpr std::size_t most_unsent = std::size_t{4} << 20U;

std::uint32_t random_run() {
    return static_cast<std::uint32_t>(std::random_device{}() % 1000);
}

/// Another run against the same server must not bring repeats of this one's messages.
std::uint64_t random_run_of_ids() {
    std::random_device random;
    return static_cast<std::uint64_t>(random()) << 32U | random();
}

}  // namespace

MessageTemplate::MessageTemplate(std::string_view text, std::uint32_t sender, std::size_t payload,
                                 Opcode opcode, const MaskKey& key, std::string_view id) {
    std::string marker(Marker::size, ' ');
    write_marker(marker.data(), {.sender = sender});
    const std::string body = marker + padding(payload - Marker::size);
    std::string whole{text};
    const auto put = [&whole](std::string_view place, std::string_view what) {
        whole.replace(whole.find(place), place.size(), what);
    };
    if (!id.empty()) {
        put("{id}", id);
    }
    const auto before = whole.find("{text}");
    put("{text}", body);
    const std::size_t payload_at = append_frame(frame_, opcode, whole, key);
    if (!id.empty()) {
        const auto number_at = whole.find(id) + MessageId::number_at;
        id_number_at_ = payload_at + number_at;
        id_key_ = key.word_at(number_at);
    }
    marker_at_ = payload_at + before;
    number_key_ = key.word_at(before + Marker::number_at);
    time_key_ = key.word_at(before + Marker::time_at);
}

Traffic::Traffic(const Options& options, Swarm& swarm)
    : options_{options},
      swarm_{swarm},
      members_{options.connections},
      run_{random_run()},
      padding_{padding(options.payload - Marker::size)},
      sequence_{members_, is_echo() ? 1 : options.senders},
      members_left_{members_},
      last_delivery_(members_) {
    if (options.one_order) {
        order_.emplace(members_);
    }
    if (options.acks) {
        acks_.emplace(options.senders, members_);
    }
}

void Traffic::begin() {
    const Opcode opcode = options_.binary ? Opcode::binary : Opcode::text;
    senders_.reserve(options_.senders);
    const bool has_ids = options_.message.find("{id}") != std::string::npos;
    for (std::size_t i = 0; i < options_.senders; ++i) {
        const Connection& connection = swarm_[i];
        const auto id = run_ * senders_each_run + static_cast<std::uint32_t>(i);
        std::string message_id;
        if (has_ids) {
            message_id = acks_ ? acks_->first_id(i) : MessageId{random_run_of_ids(), id}.text(0);
        }
        senders_.push_back({MessageTemplate{expand(options_.message, connection.user), id,
                                            options_.payload, opcode, connection.key(), message_id},
                            0, connection.is_open()});
    }
    sending_ = true;
    began_ = now();
    for (std::size_t i = 0; i < senders_.size(); ++i) {
        batch(swarm_[i]);
        swarm_.flush(swarm_[i]);
    }
}

void Traffic::send(std::size_t sender, Nanoseconds time) {
    Sender& from = senders_[sender];
    const auto number = static_cast<std::uint32_t>(from.sent % Marker::numbers);
    from.message.append_to(swarm_[sender].out(), number, time);
    if (acks_) {
        const bool again = to_be_repeated();
        if (again) {
            from.message.append_to(swarm_[sender].out(), number, time);
        }
        acks_->sent(sender, time, again ? 2 : 1);
    }
    ++from.sent;
    ++sent_;
    expected_ += is_echo() ? 1 : members_left_;
}

/// Spreads the share that --repeat asks for evenly.
bool Traffic::to_be_repeated() {
    repeat_ += options_.repeat;
    if (repeat_ < 100) {
        return false;
    }
    repeat_ -= 100;
    return true;
}

Nanoseconds Traffic::send_due() {
    if (!sending_) {
        return ~Nanoseconds{0};
    }
    const double interval = 1e9 / options_.rate;
    const Nanoseconds time = now();
    const std::uint64_t first = scheduled_;
    Nanoseconds due = 0;
    // Each message carries the time at which it was due: a tool that fell behind would otherwise
    // leave its own delay out of the latency.
    while ((due = began_ + static_cast<Nanoseconds>(static_cast<double>(scheduled_) * interval)) <=
           time) {
        const std::size_t sender = scheduled_ % senders_.size();
        ++scheduled_;
        if (senders_[sender].alive && swarm_[sender].out().size() < most_unsent) {
            send(sender, due);
        } else {
            ++figures_.not_sent;
        }
    }
    const std::uint64_t touched = std::min<std::uint64_t>(scheduled_ - first, senders_.size());
    for (std::uint64_t i = 0; i < touched; ++i) {
        swarm_.flush(swarm_[(first + i) % senders_.size()]);
    }
    return due;
}

bool Traffic::intact(std::string_view payload, const Marker& marker, Opcode opcode) const {
    const std::string_view rest = payload.substr(marker.at + Marker::size);
    if (!rest.starts_with(padding_)) {
        return false;
    }
    const std::string_view behind = rest.substr(padding_.size());
    if (is_echo() && options_.protocol == Protocol::websocket) {
        const bool text = opcode == Opcode::text;
        return behind.empty() && text != options_.binary &&
               payload.substr(0, marker.at) == (text ? echo_prefix : std::string_view{});
    }
    return behind.starts_with('"');
}

void Traffic::message(Connection& connection, Opcode opcode, std::string_view payload,
                      Nanoseconds time) {
    if (!is_member(connection)) {
        return;
    }
    const std::size_t member = connection.index();
    const auto marker = find_marker(payload);
    const std::uint32_t sender = marker ? marker->sender - run_ * senders_each_run : ~0U;
    if (sender >= senders_.size() || (is_echo() && sender != member)) {
        ++figures_.foreign;
        return;
    }
    if (!intact(payload, *marker, opcode)) {
        ++figures_.damaged;
    }
    const std::uint64_t before = sequence_.next(member, column(sender));
    if (!sequence_.accept(member, column(sender), marker->number)) {
        return;
    }
    progress_ += sequence_.next(member, column(sender)) - before;
    ++delivered_;
    if (order_) {
        order_->accept(member, sender, marker->number);
    }
    if (acks_) {
        acks_->delivered(member, sender, marker->number, seq_of(payload));
    }
    figures_.latency.record(time > marker->time ? time - marker->time : 0);
    Nanoseconds& last = last_delivery_[member];
    if (last != time) {
        if (measuring_) {
            figures_.longest_silence = std::max(figures_.longest_silence, time - last);
        }
        last = time;
    }
}

void Traffic::frame(Connection& connection, Kind kind, std::string_view payload, Nanoseconds time) {
    if (kind == Kind::history && is_member(connection)) {
        const auto history = parse_history(payload);
        figures_.gaps += history && !history->recovered ? 1U : 0U;
    }
    if (!acks_ || connection.index() >= senders_.size() ||
        (kind != Kind::ack && kind != Kind::error)) {
        return;
    }
    const auto answer = parse_answer(payload);
    if (!answer) {
        ++figures_.damaged;
    } else if (!answer->id.empty()) {
        acks_->answered(connection.index(), *answer, time);
    }
}

/// Messages of a sender that keep it from sending the next.
std::uint64_t Traffic::in_flight(std::size_t sender) const {
    // A message that a later one overtook does not come back: it is no longer in flight.
    return acks_ ? acks_->waiting(sender)
                 : senders_[sender].sent - sequence_.next(sender, column(sender));
}

void Traffic::batch(Connection& connection) {
    const std::size_t i = connection.index();
    if (!sending_ || options_.rate > 0 || i >= senders_.size() || !connection.is_open()) {
        return;
    }
    const std::uint64_t before = in_flight(i);
    if (before < options_.window) {
        const Nanoseconds time = now();
        for (std::uint64_t n = before; n < options_.window; ++n) {
            send(i, time);
        }
    }
}

std::uint64_t Traffic::progress_of(std::size_t member) const {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < (is_echo() ? 1 : senders_.size()); ++i) {
        sum += sequence_.next(member, i);
    }
    return sum;
}

std::uint64_t Traffic::expected_of(std::size_t member) const {
    if (!is_echo()) {
        return sent_;
    }
    return member < senders_.size() ? senders_[member].sent : 0;
}

void Traffic::closed(Connection& connection) {
    if (!is_member(connection)) {
        ++figures_.stalled_closed;
        ++figures_.stalled_codes[connection.close_code()];
        return;
    }
    const std::size_t member = connection.index();
    if (member < senders_.size()) {
        senders_[member].alive = false;
        if (acks_) {
            acks_->closed(member);
        }
    }
    progress_ -= progress_of(member);
    expected_ -= expected_of(member);
    --members_left_;
}

void Traffic::begin_window() {
    window_began_ = now();
    sent_before_ = sent_;
    delivered_before_ = delivered_;
    figures_.latency.reset();
    if (acks_) {
        acks_->begin_window();
    }
    std::ranges::fill(last_delivery_, window_began_);
    measuring_ = true;
}

void Traffic::end_window() {
    if (!measuring_) {
        return;
    }
    const Nanoseconds time = now();
    figures_.seconds = seconds(time - window_began_);
    figures_.sent = sent_ - sent_before_;
    figures_.delivered = delivered_ - delivered_before_;
    measuring_ = false;
    if (acks_) {
        acks_->end_window();
    }
    for (std::size_t member = 0; member < members_; ++member) {
        const bool waits = swarm_[member].is_open() && (!is_echo() || member < senders_.size());
        if (waits && time > last_delivery_[member]) {
            figures_.longest_silence =
                std::max(figures_.longest_silence, time - last_delivery_[member]);
        }
    }
}

TrafficFigures& Traffic::conclude() {
    figures_.sent_in_all = sent_;
    figures_.delivered_in_all = delivered_;
    figures_.duplicates = sequence_.duplicates();
    figures_.overtaken = sequence_.overtaken();
    count_losses();
    if (order_) {
        figures_.divergent = order_->divergent();
        figures_.order_unchecked = order_->unchecked();
    }
    return figures_;
}

void Traffic::count_losses() {
    if (acks_) {
        figures_.acks = acks_->conclude(sequence_);
        const AckLosses losses = acks_->losses(sequence_);
        figures_.lost = losses.all;
        figures_.lost_by_some = losses.by_some;
        return;
    }
    figures_.lost = sequence_.missing();
    figures_.lost_by_some = is_echo() ? 0 : sequence_.missing();
    for (std::size_t sender = 0; sender < senders_.size(); ++sender) {
        const std::size_t first = is_echo() ? sender : 0;
        const std::size_t last = is_echo() ? sender + 1 : members_;
        std::uint64_t furthest = 0;
        for (std::size_t member = first; member < last; ++member) {
            furthest = std::max(furthest, sequence_.next(member, column(sender)));
        }
        for (std::size_t member = first; member < last; ++member) {
            const std::uint64_t reached = sequence_.next(member, column(sender));
            figures_.lost += senders_[sender].sent - reached;
            figures_.lost_by_some += furthest - reached;
        }
    }
}

}  // namespace load
