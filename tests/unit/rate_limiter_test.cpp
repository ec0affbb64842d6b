// How much one connection may say, at each boundary, on a clock of the test's own.
#include "chat/rate_limiter.hpp"

#include <boost/test/unit_test.hpp>

using chat::RateLimiter;
using Verdict = chat::RateLimiter::Verdict;
using namespace std::chrono_literals;

namespace {

constexpr beastapi::RateLimit ten_a_second{.rate = 10, .burst = 3};
const RateLimiter::Clock::time_point begin{1h};

}  // namespace

BOOST_AUTO_TEST_SUITE(rate_limiter)

BOOST_AUTO_TEST_CASE(a_burst_passes_then_one_each_interval) {
    RateLimiter limiter(ten_a_second);
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST((limiter.check(begin) == Verdict::pass));
    }
    BOOST_TEST((limiter.check(begin) == Verdict::refuse));
    BOOST_TEST((limiter.retry_after(begin) == 100ms));
    BOOST_TEST((limiter.check(begin + 99ms) == Verdict::refuse));
    BOOST_TEST((limiter.check(begin + 100ms) == Verdict::pass));
    BOOST_TEST((limiter.check(begin + 100ms) == Verdict::refuse));
}

BOOST_AUTO_TEST_CASE(a_client_that_goes_on_is_given_up_after_20_refusals) {
    RateLimiter limiter(ten_a_second);
    for (int i = 0; i < 3; ++i) {
        limiter.check(begin);
    }
    for (int i = 0; i < 20; ++i) {
        BOOST_TEST((limiter.check(begin) == Verdict::refuse));
    }
    BOOST_TEST((limiter.check(begin) == Verdict::close));
}

BOOST_AUTO_TEST_CASE(refusals_are_forgiven_one_a_second) {
    RateLimiter limiter(ten_a_second);
    auto now = begin;
    for (int second = 0; second < 100; ++second) {
        // Ten pass each second, one is refused.
        for (int i = 0; i < 10; ++i) {
            BOOST_TEST((limiter.check(now) != Verdict::close));
            now += 100ms;
        }
        BOOST_TEST((limiter.check(now - 100ms) != Verdict::close));
    }
}

BOOST_AUTO_TEST_CASE(no_rate_is_no_limit) {
    constexpr beastapi::RateLimit none{.rate = 0, .burst = 1};
    RateLimiter limiter(none);
    for (int i = 0; i < 10'000; ++i) {
        BOOST_TEST_REQUIRE((limiter.check(begin) == Verdict::pass));
    }
}

BOOST_AUTO_TEST_SUITE_END()
