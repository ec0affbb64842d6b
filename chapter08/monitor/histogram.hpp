// Histograms for hot paths: plain integers that belong to one thread.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace monitor {

/// Counts values by their size. A value up to `first` is in the first bucket, each bucket reaches
/// twice as far as the one before, and what is above the last bound is in a bucket without one.
///
/// To read it on another thread, ask the thread that it belongs to for a copy.
template <std::uint64_t first, std::size_t bounds>
class Histogram {
public:
    void observe(std::uint64_t value) noexcept {
        const auto bucket = static_cast<std::size_t>(std::bit_width((value - 1) / first));
        ++counts_[value <= first ? 0 : std::min(bucket, bounds)];
        sum_ += value;
    }

    static constexpr std::size_t bound_count = bounds;
    static constexpr std::uint64_t bound(std::size_t bucket) noexcept { return first << bucket; }

    /// How many values each bucket has; the last has those above all bounds.
    const std::array<std::uint64_t, bounds + 1>& counts() const noexcept { return counts_; }
    std::uint64_t sum() const noexcept { return sum_; }

private:
    std::array<std::uint64_t, bounds + 1> counts_{};
    std::uint64_t sum_ = 0;
};

/// Times, from 25 µs to 6.6 s.
class Durations : public Histogram<25'000, 19> {
public:
    void observe(std::chrono::steady_clock::duration duration) noexcept {
        const auto count = std::chrono::nanoseconds(duration).count();
        Histogram::observe(static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0)));
    }
};

/// Bytes, from 64 to 1 MiB.
using Sizes = Histogram<64, 15>;

/// Members, from 1 to 16,384.
using Crowds = Histogram<1, 15>;

}  // namespace monitor
