// A token bucket: so many at once, and then so many a second.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace beastapi {

/// What a TokenBucket gives out. Many buckets share one limit.
struct RateLimit {
    double rate = 0;          ///< tokens a second, at least 0.001; 0: no limit
    std::uint32_t burst = 1;  ///< tokens in a full bucket, 1 to 1,000,000
};

/// Holds up to RateLimit::burst tokens, and gets RateLimit::rate new ones a second. Whoever wants
/// to do something takes a token for it.
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
    /// Takes a token; false if there is none.
    bool take(Clock::time_point now) {
        if (wait(now) > Clock::duration::zero()) {
            return false;
        }
        if (limit_->rate > 0) {
            full_at_ = std::max(full_at_, now) + interval();
        }
        return true;
    }

    /// How long until there is a token; zero if there is one.
    Clock::duration wait(Clock::time_point now) const {
        if (limit_->rate <= 0) {
            return Clock::duration::zero();
        }
        const auto missing = full_at_ - now;  // the time that it takes to fill up
        const auto spare = interval() * (std::max<std::int64_t>(limit_->burst, 1) - 1);
        return std::max(missing - spare, Clock::duration::zero());
    }
    // [/bucket]

    /// Whether nobody has taken from it for so long that it is as new.
    bool full(Clock::time_point now) const { return limit_->rate <= 0 || full_at_ <= now; }

private:
    /// The time in which one token comes.
    Clock::duration interval() const {
        return std::chrono::duration_cast<Clock::duration>(
            std::chrono::duration<double>(1 / limit_->rate));
    }

    const RateLimit* limit_;
    Clock::time_point full_at_{};
};

}  // namespace beastapi
