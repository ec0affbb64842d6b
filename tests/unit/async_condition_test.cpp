// The condition variable that coroutines wait on: who is woken, when, and who is cancelled.
#include "beastapi/net/async_condition.hpp"

#include "support/loop.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <exception>
#include <string>

namespace asio = boost::asio;
using beastapi::awaitable;
using beastapi::detail::AsyncCondition;

namespace {

/// Notes `letter` when it is woken, and a `!` if it was by a cancellation.
awaitable<void> wait_once(AsyncCondition& condition, std::string& woken, char letter) {
    try {
        co_await condition.async_wait(asio::use_awaitable);
    } catch (const boost::system::system_error& error) {
        BOOST_TEST((error.code() == asio::error::operation_aborted));
        woken.push_back('!');
    }
    woken.push_back(letter);
}

void ignore(const std::exception_ptr&) {}

}  // namespace

BOOST_AUTO_TEST_SUITE(async_condition)

BOOST_AUTO_TEST_CASE(everyone_who_waits_is_woken_once) {
    asio::io_context context;
    AsyncCondition condition(context.get_executor());
    std::string woken;
    for (const char letter : {'a', 'b', 'c'}) {
        asio::co_spawn(context, wait_once(condition, woken, letter), ignore);
    }
    context.poll();
    BOOST_TEST(woken.empty());
    condition.notify_all();
    BOOST_TEST(woken.empty(), "nobody runs from within notify_all()");
    context.restart();
    context.poll();
    std::sort(woken.begin(), woken.end());
    BOOST_TEST(woken == "abc");
}

BOOST_AUTO_TEST_CASE(a_notification_reaches_nobody_who_waits_later) {
    asio::io_context context;
    AsyncCondition condition(context.get_executor());
    std::string woken;
    condition.notify_all();
    asio::co_spawn(context, wait_once(condition, woken, 'a'), ignore);
    context.poll();
    BOOST_TEST(woken.empty());
    condition.notify_all();
    context.restart();
    context.poll();
    BOOST_TEST(woken == "a");
}

BOOST_AUTO_TEST_CASE(who_is_cancelled_is_woken_alone) {
    asio::io_context context;
    AsyncCondition condition(context.get_executor());
    asio::cancellation_signal cancel;
    std::string woken;
    asio::co_spawn(context, wait_once(condition, woken, 'a'), ignore);
    asio::co_spawn(context, wait_once(condition, woken, 'b'),
                   asio::bind_cancellation_slot(cancel.slot(), ignore));
    asio::co_spawn(context, wait_once(condition, woken, 'c'), ignore);
    context.poll();
    cancel.emit(asio::cancellation_type::terminal);
    context.restart();
    context.poll();
    BOOST_TEST(woken == "!b");
    condition.notify_all();
    context.restart();
    context.poll();
    std::sort(woken.begin(), woken.end());
    BOOST_TEST(woken == "!abc");
}

BOOST_AUTO_TEST_CASE(a_cancellation_after_the_notification_comes_too_late) {
    asio::io_context context;
    AsyncCondition condition(context.get_executor());
    asio::cancellation_signal cancel;
    std::string woken;
    asio::co_spawn(context, wait_once(condition, woken, 'a'),
                   asio::bind_cancellation_slot(cancel.slot(), ignore));
    context.poll();
    condition.notify_all();
    cancel.emit(asio::cancellation_type::terminal);
    context.restart();
    context.poll();
    BOOST_TEST(woken.ends_with('a'));
    BOOST_TEST(woken.size() <= 2U, "woken once");
}

BOOST_AUTO_TEST_CASE(who_still_waits_ends_with_the_condition) {
    asio::io_context context;
    std::string woken;
    {
        AsyncCondition condition(context.get_executor());
        asio::co_spawn(context, wait_once(condition, woken, 'a'), ignore);
        context.poll();
    }
    context.restart();
    context.poll();
    BOOST_TEST(woken.empty());
}

BOOST_AUTO_TEST_SUITE_END()
