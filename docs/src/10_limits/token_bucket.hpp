// Chapter 10: a token bucket, which says whether somebody may go on, and else how long to wait.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

// [bucket]
class TokenBucket {
public:
    TokenBucket(double rate, double burst) : rate_(rate), burst_(burst), tokens_(burst) {}

    // Takes a token; how long until there is one, if there is none.
    std::optional<std::chrono::milliseconds> take() {
        const auto now = std::chrono::steady_clock::now();
        const std::chrono::duration<double> passed = now - updated_;
        tokens_ = std::min(burst_, tokens_ + passed.count() * rate_);
        updated_ = now;
        if (tokens_ >= 1) {
            tokens_ -= 1;
            return std::nullopt;
        }
        const std::chrono::duration<double> wait((1 - tokens_) / rate_);
        return std::chrono::ceil<std::chrono::milliseconds>(wait);
    }

private:
    double rate_;
    double burst_;
    double tokens_;
    std::chrono::steady_clock::time_point updated_ = std::chrono::steady_clock::now();
};
// [/bucket]
