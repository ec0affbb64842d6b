// A token bucket: so many at once, and then so many a second.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

namespace beastapi {

/// What a TokenBucket gives out. Many buckets share one limit. `burst / rate` is at most 1e9 s.
struct RateLimit {
    double rate = 0;          ///< tokens a second, at least 0.001; 0: no limit
    std::uint32_t burst = 1;  ///< tokens in a full bucket, at least 1
};

/// Holds up to RateLimit::burst tokens, and gets RateLimit::rate new ones a second. Whatever costs
/// something takes tokens for it: one for each message, for example, or one for each byte.
///
/// Nothing runs while nobody takes: the one thing to remember is when the bucket will be full
/// again. (The Generic Cell Rate Algorithm in its form of virtual scheduling: ITU-T I.371, annex
/// A.)
class TokenBucket {
public:
    using Clock = std::chrono::steady_clock;

    /// A full bucket. `limit` has to outlive it.
    explicit TokenBucket(const RateLimit& limit) : limit_(&limit) {}

    // [bucket]
    /// Takes tokens; false, and takes none, if there are not enough. More than the burst can be
    /// taken when the bucket is full, and leave it in debt.
    bool take(Clock::time_point now, std::uint64_t tokens = 1) {
        if (wait(now, tokens) > Clock::duration::zero()) {
            return false;
        }
        owe(now, tokens);
        return true;
    }

    /// Takes tokens even if they are not there: the bucket is in debt then, and has to fill that
    /// up first.
    void owe(Clock::time_point now, std::uint64_t tokens) {
        if (limit_->rate > 0) {
            full_at_ = std::max(full_at_, now) + time_for(tokens);
        }
    }

    /// How long until there are so many tokens; zero if they are there. For none: how long the
    /// bucket is in debt.
    Clock::duration wait(Clock::time_point now, std::uint64_t tokens = 1) const {
        if (limit_->rate <= 0) {
            return Clock::duration::zero();
        }
        const auto missing = full_at_ - now;  // the time that it takes to fill up
        const std::uint64_t burst = std::max<std::uint64_t>(limit_->burst, 1);
        const auto spare = time_for(burst - std::min(tokens, burst));
        return std::max(missing - spare, Clock::duration::zero());
    }
    // [/bucket]

    /// How many there are; none if the bucket is in debt, and as many as a number can say where
    /// there is no limit.
    std::uint64_t tokens(Clock::time_point now) const {
        if (limit_->rate <= 0) {
            return std::numeric_limits<std::uint64_t>::max();
        }
        const double missing = std::chrono::duration<double>(full_at_ - now).count() * limit_->rate;
        const double left = limit_->burst - std::max(missing, 0.0);
        return left > 0 ? static_cast<std::uint64_t>(left) : 0;
    }

    /// Whether it's full, and so as good as a new one.
    bool full(Clock::time_point now) const { return limit_->rate <= 0 || full_at_ <= now; }

private:
    /// The time in which so many tokens come.
    Clock::duration time_for(std::uint64_t tokens) const {
        return std::chrono::duration_cast<Clock::duration>(
            std::chrono::duration<double>(static_cast<double>(tokens) / limit_->rate));
    }

    const RateLimit* limit_;
    Clock::time_point full_at_{};
};

}  // namespace beastapi
