// What is checked of every message: that none is lost, doubled or overtaken, and, if asked, that
// all receivers see one order.
#pragma once

#include "marker.hpp"

#include <cstddef>
#include <cstdint>
#include <unordered_set>
#include <vector>

namespace load {

/// Follows the numbers of each sender at each receiver. In order costs one comparison; only what
/// is out of order is looked at closely.
class SequenceCheck {
public:
    SequenceCheck(std::size_t receivers, std::size_t senders)
        : senders_{senders}, next_(receivers * senders) {}

    /// Notes one arrival; true if it was not seen before. Numbers begin at 0.
    bool accept(std::size_t receiver, std::size_t sender, std::uint32_t number) {
        std::uint64_t& next = next_[receiver * senders_ + sender];
        if (number == next % Marker::numbers) [[likely]] {
            ++next;
            return true;
        }
        return accept_out_of_order(receiver * senders_ + sender, number);
    }

    /// How many of the sender's messages the receiver is done with: seen, or passed over.
    std::uint64_t next(std::size_t receiver, std::size_t sender) const {
        return next_[receiver * senders_ + sender];
    }

    /// Messages that a later one of the same sender overtook and that have not come since.
    std::uint64_t missing() const { return missing_; }
    /// Messages that came after a later one of the same sender.
    std::uint64_t overtaken() const { return overtaken_; }
    std::uint64_t duplicates() const { return duplicates_; }
    /// Missing ones of which it isn't remembered which they are.
    std::uint64_t forgotten() const {
        return missing_ > gaps_.size() ? missing_ - gaps_.size() : 0;
    }

    bool seen(std::size_t receiver, std::size_t sender, std::uint64_t number) const {
        return number < next(receiver, sender) &&
               !gaps_.contains(gap(receiver * senders_ + sender, number));
    }

    /// Calls `missing(receiver, sender, number)` for each missing one that is remembered.
    template <class Missing>
    void for_each_gap(Missing&& missing) const {
        for (const std::uint64_t gap : gaps_) {
            const auto pair = static_cast<std::size_t>(gap >> 32U);
            missing(pair / senders_, pair % senders_, gap & 0xFFFF'FFFFU);
        }
    }

private:
    bool accept_out_of_order(std::size_t pair, std::uint32_t number) {
        std::uint64_t& next = next_[pair];
        const std::uint64_t ahead =
            (number + Marker::numbers - next % Marker::numbers) % Marker::numbers;
        if (ahead < Marker::numbers / 2) {
            missing_ += ahead;
            for (std::uint64_t i = 0; i < ahead && gaps_.size() < most_gaps; ++i) {
                gaps_.insert(gap(pair, next + i));
            }
            next += ahead + 1;
            return true;
        }
        const std::uint64_t behind = Marker::numbers - ahead;
        if (behind <= next && gaps_.erase(gap(pair, next - behind)) == 1) {
            --missing_;
            ++overtaken_;
            return true;
        }
        ++duplicates_;
        return false;
    }

    static std::uint64_t gap(std::size_t pair, std::uint64_t number) {
        return static_cast<std::uint64_t>(pair) << 32U | (number & 0xFFFF'FFFFU);
    }

    // Beyond so many a late message counts as a duplicate, and its gap stays a loss.
    static constexpr std::size_t most_gaps = 1'000'000;

    std::size_t senders_;
    std::vector<std::uint64_t> next_;
    std::unordered_set<std::uint64_t> gaps_;
    std::uint64_t missing_{};
    std::uint64_t overtaken_{};
    std::uint64_t duplicates_{};
};

/// Checks that all receivers see the same messages in the same order. Who comes to a place in the
/// order first sets what stands there; the others are compared with it.
class OrderCheck {
public:
    explicit OrderCheck(std::size_t receivers) : positions_(receivers), order_(remembered) {}

    void accept(std::size_t receiver, std::size_t sender, std::uint32_t number) {
        std::uint64_t& position = positions_[receiver];
        if (position == diverged) {
            return;
        }
        const std::uint64_t key = static_cast<std::uint64_t>(sender) << 32U | number;
        std::uint64_t& place = order_[position % remembered];
        if (position == end_) {
            place = key;
            ++end_;
        } else if (end_ - position > remembered) {
            ++unchecked_;
        } else if (place != key) {
            position = diverged;
            ++divergent_;
            return;
        }
        ++position;
    }

    /// Receivers that saw an order of their own.
    std::uint64_t divergent() const { return divergent_; }
    /// Messages that came when the order of their time was no longer remembered.
    std::uint64_t unchecked() const { return unchecked_; }

private:
    static constexpr std::size_t remembered = std::size_t{1} << 20U;
    static constexpr std::uint64_t diverged = ~std::uint64_t{0};

    std::vector<std::uint64_t> positions_;
    std::vector<std::uint64_t> order_;
    std::uint64_t end_{};
    std::uint64_t divergent_{};
    std::uint64_t unchecked_{};
};

}  // namespace load
