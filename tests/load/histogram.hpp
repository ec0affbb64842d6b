// A histogram of durations in fixed memory: log-linear buckets, each at most 0.8 % wide.
#pragma once

#include "clock.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace load {

class Histogram {
public:
    void record(Nanoseconds value) {
        ++buckets_[bucket_of(value)];
        ++count_;
        sum_ += value;
        max_ = std::max(max_, value);
    }

    std::uint64_t count() const { return count_; }
    Nanoseconds max() const { return max_; }

    double mean() const {
        return count_ == 0 ? 0.0 : static_cast<double>(sum_) / static_cast<double>(count_);
    }

    /// The smallest value that at least `percent` of all values do not exceed, rounded up to the
    /// end of its bucket; 0 if nothing was recorded.
    Nanoseconds percentile(double percent) const {
        if (count_ == 0) {
            return 0;
        }
        const double wanted = std::ceil(static_cast<double>(count_) * percent / 100.0);
        const auto rank = std::clamp(static_cast<std::uint64_t>(wanted), std::uint64_t{1}, count_);
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < buckets_.size(); ++i) {
            seen += buckets_[i];
            if (seen >= rank) {
                return std::min(last_of(i), max_);
            }
        }
        return max_;
    }

    void reset() { *this = Histogram{}; }

private:
    static constexpr unsigned precision = 7;  // 128 buckets for each doubling
    static constexpr unsigned longest = 40;   // 2^40 ns, 18 minutes; what is longer counts there

    static std::size_t bucket_of(Nanoseconds value) {
        value = std::min(value, (Nanoseconds{1} << longest) - 1);
        const auto bits = static_cast<unsigned>(std::bit_width(value | 1U));
        const unsigned shift = bits > precision + 1 ? bits - precision - 1 : 0;
        return (std::size_t{shift} << precision) + static_cast<std::size_t>(value >> shift);
    }

    static Nanoseconds last_of(std::size_t bucket) {
        if (bucket < std::size_t{2} << precision) {
            return bucket;
        }
        const std::size_t shift = (bucket >> precision) - 1;
        const Nanoseconds first = static_cast<Nanoseconds>(bucket - (shift << precision)) << shift;
        return first + (Nanoseconds{1} << shift) - 1;
    }

    std::array<std::uint64_t, (longest - precision + 1U) << precision> buckets_{};
    std::uint64_t count_{};
    Nanoseconds sum_{};
    Nanoseconds max_{};
};

}  // namespace load
