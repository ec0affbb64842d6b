// How much one connection may say.
#pragma once

#include "beastapi/token_bucket.hpp"

#include <chrono>

namespace chat {

/// Lets a connection send so many frames a second, and tells when one has gone on regardless too
/// often.
class RateLimiter {
public:
    using Clock = beastapi::TokenBucket::Clock;

    enum class Verdict {
        pass,    ///< the frame is within the limit
        refuse,  ///< it is not: the client may send the next one after retry_after()
        close,   ///< the client has been refused again and again, and goes on
    };

    /// `limit` has to outlive it.
    explicit RateLimiter(const beastapi::RateLimit& limit)
        : messages_(limit), refusals_(patience) {}

    /// To be asked once for each frame.
    Verdict check(Clock::time_point now) {
        if (messages_.take(now)) {
            return Verdict::pass;
        }
        return refusals_.take(now) ? Verdict::refuse : Verdict::close;
    }

    Clock::duration retry_after(Clock::time_point now) const { return messages_.wait(now); }

private:
    /// So many refusals, and one more for each second since.
    static constexpr beastapi::RateLimit patience{.rate = 1, .burst = 20};

    beastapi::TokenBucket messages_;
    beastapi::TokenBucket refusals_;
};

}  // namespace chat
