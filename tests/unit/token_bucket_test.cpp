// A token bucket, told what time it is.
#include "beastapi/token_bucket.hpp"

#include <boost/test/unit_test.hpp>

using beastapi::RateLimit;
using beastapi::TokenBucket;
using namespace std::chrono_literals;

// Each connection keeps some.
static_assert(sizeof(TokenBucket) <= 2 * sizeof(void*));

namespace {

const TokenBucket::Clock::time_point start = TokenBucket::Clock::time_point() + 24h;

int take_all(TokenBucket& bucket, TokenBucket::Clock::time_point now) {
    int taken = 0;
    while (taken < 1000 && bucket.take(now)) {
        ++taken;
    }
    return taken;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(token_bucket)

BOOST_AUTO_TEST_CASE(a_new_bucket_holds_the_burst) {
    const RateLimit limit{10, 40};
    TokenBucket bucket(limit);
    BOOST_TEST(bucket.full(start));
    BOOST_TEST((bucket.wait(start) == 0s));
    BOOST_TEST(take_all(bucket, start) == 40);
    BOOST_TEST(!bucket.full(start));
}

// [rate]
BOOST_AUTO_TEST_CASE(tokens_come_at_the_rate) {
    const RateLimit limit{10, 40};
    TokenBucket bucket(limit);
    take_all(bucket, start);
    BOOST_TEST(!bucket.take(start + 99ms));
    BOOST_TEST(take_all(bucket, start + 100ms) == 1);
    BOOST_TEST(take_all(bucket, start + 1100ms) == 10);
}
// [/rate]

BOOST_AUTO_TEST_CASE(who_waits_as_long_as_told_gets_a_token) {
    for (const double rate : {0.001, 0.3, 1.0, 3.0, 7.0, 1e6}) {
        const RateLimit limit{rate, 3};
        TokenBucket bucket(limit);
        take_all(bucket, start);
        const auto wait = bucket.wait(start);
        BOOST_TEST((wait > 0s));
        BOOST_TEST(!bucket.take(start + wait - 1ns));
        BOOST_TEST(bucket.take(start + wait));
        BOOST_TEST(!bucket.take(start + wait));
    }
}

BOOST_AUTO_TEST_CASE(no_more_gathers_than_the_burst) {
    const RateLimit limit{10, 4};
    TokenBucket bucket(limit);
    take_all(bucket, start);
    BOOST_TEST(!bucket.full(start + 399ms));
    BOOST_TEST(bucket.full(start + 400ms));
    BOOST_TEST(take_all(bucket, start + 100h) == 4);
}

BOOST_AUTO_TEST_CASE(a_refusal_costs_nothing) {
    const RateLimit limit{10, 1};
    TokenBucket bucket(limit);
    BOOST_TEST(bucket.take(start));
    for (int i = 0; i < 1000; ++i) {
        BOOST_TEST_REQUIRE(!bucket.take(start + 50ms));
    }
    BOOST_TEST(bucket.take(start + 100ms));
}

BOOST_AUTO_TEST_CASE(at_a_steady_pace_below_the_rate_nothing_is_refused) {
    const RateLimit limit{100, 1};
    TokenBucket bucket(limit);
    for (int i = 0; i < 100'000; ++i) {
        BOOST_TEST_REQUIRE(bucket.take(start + i * 10ms));
    }
}

BOOST_AUTO_TEST_CASE(a_rate_of_0_is_no_limit) {
    const RateLimit limit{0, 1};
    TokenBucket bucket(limit);
    BOOST_TEST(take_all(bucket, start) == 1000);
    BOOST_TEST(bucket.full(start));
    BOOST_TEST((bucket.wait(start) == 0s));
}

BOOST_AUTO_TEST_CASE(the_largest_bucket_of_the_slowest_rate_does_not_overflow) {
    const RateLimit limit{0.001, 1'000'000};
    TokenBucket bucket(limit);
    for (int i = 0; i < 1'000'000; ++i) {
        BOOST_TEST_REQUIRE(bucket.take(start));
    }
    BOOST_TEST(!bucket.take(start));
    BOOST_TEST((bucket.wait(start) == 1000s));
}

BOOST_AUTO_TEST_CASE(many_tokens_are_taken_all_or_none) {
    const RateLimit limit{10, 100};
    TokenBucket bucket(limit);
    BOOST_TEST(bucket.take(start, 70));
    BOOST_TEST(bucket.tokens(start) == 30U);
    BOOST_TEST(!bucket.take(start, 31));
    BOOST_TEST((bucket.wait(start, 31) == 100ms));
    BOOST_TEST(bucket.take(start, 30));
    BOOST_TEST(bucket.tokens(start) == 0U);
    BOOST_TEST(bucket.take(start + 5s, 50));
}

BOOST_AUTO_TEST_CASE(more_than_the_burst_is_taken_from_a_full_bucket_and_leaves_a_debt) {
    const RateLimit limit{10, 100};
    TokenBucket bucket(limit);
    BOOST_TEST(bucket.take(start, 250));
    BOOST_TEST((bucket.wait(start, 0) == 15s));
    BOOST_TEST((bucket.wait(start, 1) == 15s + 100ms));
    BOOST_TEST((bucket.wait(start, 250) == 25s));
    BOOST_TEST(bucket.tokens(start) == 0U);
}

BOOST_AUTO_TEST_CASE(what_is_owed_has_to_be_filled_up_first) {
    const RateLimit limit{10, 100};
    TokenBucket bucket(limit);
    for (int i = 0; i < 20; ++i) {
        bucket.owe(start, 10);
    }
    BOOST_TEST((bucket.wait(start, 0) == 10s));
    BOOST_TEST((bucket.wait(start + 10s, 0) == 0s));
    BOOST_TEST(!bucket.take(start + 10s));
    BOOST_TEST(bucket.tokens(start + 12s) == 20U);
}

BOOST_AUTO_TEST_CASE(a_rate_of_bytes_is_exact_to_a_thousandth) {
    const RateLimit limit{100.0 * 1024 * 1024, 1};
    TokenBucket bucket(limit);
    for (int i = 0; i < 1024; ++i) {
        bucket.owe(start, 100 * 1024);
    }
    const auto wait = bucket.wait(start, 0);
    BOOST_TEST((wait > 999ms && wait <= 1s));
}

BOOST_AUTO_TEST_SUITE_END()
