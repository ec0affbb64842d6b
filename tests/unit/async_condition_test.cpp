// The condition variable that coroutines wait on: who is woken, when, and who is cancelled.
#include "beastapi/net/async_condition.hpp"

#include "support/failing_allocations.hpp"
#include "support/loop.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <new>
#include <string>

namespace asio = boost::asio;
using beastapi::awaitable;
using beastapi::detail::AsyncCondition;

namespace {

using Wait = awaitable<void> (*)(AsyncCondition&);

awaitable<void> by_coroutine(AsyncCondition& condition) {
    return condition.wait();
}

awaitable<void> by_handler(AsyncCondition& condition) {
    return condition.async_wait(asio::use_awaitable);
}

constexpr std::array<Wait, 2> ways_to_wait{by_coroutine, by_handler};

/// Notes `letter` when it is woken, and a `!` if it was by a cancellation.
awaitable<void> wait_once(Wait wait, AsyncCondition& condition, std::string& woken, char letter) {
    try {
        co_await wait(condition);
    } catch (const boost::system::system_error& error) {
        BOOST_TEST((error.code() == asio::error::operation_aborted));
        woken.push_back('!');
    }
    woken.push_back(letter);
}

void ignore(const std::exception_ptr&) {}

}  // namespace

BOOST_AUTO_TEST_SUITE(async_condition)

static void everyone_who_waits_is_woken_once_by(Wait wait) {
    asio::io_context context;
    AsyncCondition condition(context.get_executor());
    std::string woken;
    for (const char letter : {'a', 'b', 'c'}) {
        asio::co_spawn(context, wait_once(wait, condition, woken, letter), ignore);
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

BOOST_AUTO_TEST_CASE(everyone_who_waits_is_woken_once) {
    for (const Wait wait : ways_to_wait) {
        everyone_who_waits_is_woken_once_by(wait);
    }
}

static void a_notification_reaches_nobody_who_waits_later_by(Wait wait) {
    asio::io_context context;
    AsyncCondition condition(context.get_executor());
    std::string woken;
    condition.notify_all();
    asio::co_spawn(context, wait_once(wait, condition, woken, 'a'), ignore);
    context.poll();
    BOOST_TEST(woken.empty());
    condition.notify_all();
    context.restart();
    context.poll();
    BOOST_TEST(woken == "a");
}

BOOST_AUTO_TEST_CASE(a_notification_reaches_nobody_who_waits_later) {
    for (const Wait wait : ways_to_wait) {
        a_notification_reaches_nobody_who_waits_later_by(wait);
    }
}

static void who_is_cancelled_is_woken_alone_by(Wait wait) {
    asio::io_context context;
    AsyncCondition condition(context.get_executor());
    asio::cancellation_signal cancel;
    std::string woken;
    asio::co_spawn(context, wait_once(wait, condition, woken, 'a'), ignore);
    asio::co_spawn(context, wait_once(wait, condition, woken, 'b'),
                   asio::bind_cancellation_slot(cancel.slot(), ignore));
    asio::co_spawn(context, wait_once(wait, condition, woken, 'c'), ignore);
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

BOOST_AUTO_TEST_CASE(who_is_cancelled_is_woken_alone) {
    for (const Wait wait : ways_to_wait) {
        who_is_cancelled_is_woken_alone_by(wait);
    }
}

static void a_cancellation_after_the_notification_comes_too_late_by(Wait wait) {
    asio::io_context context;
    AsyncCondition condition(context.get_executor());
    asio::cancellation_signal cancel;
    std::string woken;
    asio::co_spawn(context, wait_once(wait, condition, woken, 'a'),
                   asio::bind_cancellation_slot(cancel.slot(), ignore));
    context.poll();
    condition.notify_all();
    cancel.emit(asio::cancellation_type::terminal);
    context.restart();
    context.poll();
    BOOST_TEST(woken.ends_with('a'));
    BOOST_TEST(woken.size() <= 2U, "woken once");
}

BOOST_AUTO_TEST_CASE(a_cancellation_after_the_notification_comes_too_late) {
    for (const Wait wait : ways_to_wait) {
        a_cancellation_after_the_notification_comes_too_late_by(wait);
    }
}

static void who_still_waits_ends_with_the_condition_by(Wait wait) {
    asio::io_context context;
    std::string woken;
    {
        AsyncCondition condition(context.get_executor());
        asio::co_spawn(context, wait_once(wait, condition, woken, 'a'), ignore);
        context.poll();
    }
    context.restart();
    context.poll();
    BOOST_TEST(woken.empty());
}

BOOST_AUTO_TEST_CASE(who_still_waits_ends_with_the_condition) {
    for (const Wait wait : ways_to_wait) {
        who_still_waits_ends_with_the_condition_by(wait);
    }
}

/// Waits while memory runs out, and says how that ended.
static awaitable<void> wait_without_memory(AsyncCondition& condition, std::size_t allocations,
                                           std::string& ended) {
    try {
        const test::FailingAllocations failing(allocations);
        co_await condition.wait();
        ended = "woken";
    } catch (const std::bad_alloc&) {
        ended = "no memory";
    }
}

BOOST_AUTO_TEST_CASE(a_lack_of_memory_is_an_exception_in_the_coroutine_that_waits) {
    std::size_t allocations = 0;
    std::string ended;
    while (ended != "woken") {
        BOOST_TEST_REQUIRE(allocations < 100U);
        ended = "never";
        asio::io_context context;
        AsyncCondition condition(context.get_executor());
        asio::co_spawn(context, wait_without_memory(condition, allocations++, ended), ignore);
        context.poll();
        condition.notify_all();
        context.restart();
        context.poll();
        BOOST_TEST_REQUIRE(ended != "never");
    }
    BOOST_TEST(allocations > 1U);
}

BOOST_AUTO_TEST_SUITE_END()
