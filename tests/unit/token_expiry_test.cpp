// When the end of a token is noticed, and when it must not be.
#include "chat/token_expiry.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>

using namespace std::chrono_literals;
using chat::TokenExpiry;
using std::chrono::steady_clock;

namespace {

struct Loop {
    boost::asio::io_context context{1};
    int expired = 0;
    std::optional<TokenExpiry> expiry;

    Loop() {
        expiry.emplace(context.get_executor(), [this] { ++expired; });
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(token_expiry, Loop)

BOOST_AUTO_TEST_CASE(it_is_noticed_once_and_not_early) {
    const auto begin = steady_clock::now();
    expiry->expire_after(20ms);
    context.run();
    BOOST_TEST(expired == 1);
    BOOST_TEST((steady_clock::now() - begin >= 20ms));
}

BOOST_AUTO_TEST_CASE(a_time_in_the_past_is_noticed_at_once_but_not_within_the_call) {
    expiry->expire_after(-1h);
    BOOST_TEST(expired == 0);
    context.run();
    BOOST_TEST(expired == 1);
}

BOOST_AUTO_TEST_CASE(the_last_time_that_was_said_counts) {
    expiry->expire_after(1h);
    expiry->expire_after(1ms);
    context.run();
    BOOST_TEST(expired == 1);
}

BOOST_AUTO_TEST_CASE(a_later_time_counts_even_if_the_handler_is_on_its_way) {
    expiry->expire_after(0ms);
    // Runs behind the handler of the first wait, and in the same round before it: the timer has
    // fired for both when the loop first looks.
    boost::asio::steady_timer first(context, steady_clock::time_point::min());
    first.async_wait([this](const auto&) { expiry->expire_after(1h); });
    boost::asio::steady_timer stop(context, 50ms);
    stop.async_wait([this](const auto&) { expiry.reset(); });
    context.run();
    BOOST_TEST(expired == 0);
}

BOOST_AUTO_TEST_CASE(nothing_is_noticed_once_the_connection_has_gone) {
    expiry->expire_after(0ms);
    boost::asio::steady_timer first(context, steady_clock::time_point::min());
    first.async_wait([this](const auto&) { expiry.reset(); });
    context.run();
    BOOST_TEST(expired == 0);
}

BOOST_AUTO_TEST_CASE(it_may_go_while_it_calls_back) {
    expiry.emplace(context.get_executor(), [this] {
        ++expired;
        expiry.reset();
    });
    expiry->expire_after(0ms);
    context.run();
    BOOST_TEST(expired == 1);
}

BOOST_AUTO_TEST_CASE(the_loop_does_not_wait_for_a_token_whose_connection_has_gone) {
    expiry->expire_after(24h);
    expiry.reset();
    context.run();
    BOOST_TEST(expired == 0);
}

BOOST_AUTO_TEST_CASE(it_may_outlive_the_loops_run) {
    expiry->expire_after(24h);
    context.poll();
    BOOST_TEST(expired == 0);
}

BOOST_AUTO_TEST_SUITE_END()
