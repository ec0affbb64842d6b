// asyncio::sleep, settle and rethrow.
#include "beastapi/asyncio.hpp"

#include "support/failing_allocations.hpp"
#include "support/loop.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/test/unit_test.hpp>

#include <new>
#include <stdexcept>
#include <string>

using beastapi::awaitable;
namespace asio = boost::asio;
namespace asyncio = beastapi::asyncio;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

namespace {

void run(awaitable<void> test) {
    asio::io_context context;
    test::run(context, std::move(test));
}

awaitable<void> note(std::string& order, char letter) {
    order.push_back(letter);
    co_return;
}

awaitable<void> note_after(std::string& order, char letter, asyncio::Duration duration) {
    co_await asyncio::sleep(duration);
    order.push_back(letter);
}

awaitable<void> fail() {
    throw std::runtime_error("failed");
    co_return;
}

awaitable<void> fail_after(asyncio::Duration duration) {
    co_await asyncio::sleep(duration);
    throw std::runtime_error("failed");
}

/// Notes, when it ends, that it did, and how.
awaitable<void> never(std::string& ended) {
    struct AtEnd {
        std::string& ended;
        ~AtEnd() { ended.push_back('X'); }
    } const at_end(ended);
    co_await asyncio::sleep(24h);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(asyncio_basics)

static awaitable<void> sleeps(std::string& order) {
    const auto begin = std::chrono::steady_clock::now();
    co_await asyncio::sleep(20ms);
    BOOST_TEST((std::chrono::steady_clock::now() - begin >= 20ms));
    co_await (note_after(order, 'b', 30ms) && note_after(order, 'a', 1ms));
}

BOOST_AUTO_TEST_CASE(sleep_lasts_as_long_as_it_should_and_lets_others_run) {
    std::string order;
    run(sleeps(order));
    BOOST_TEST(order == "ab");
}

static awaitable<void> sleeps_not_at_all() {
    co_await asyncio::sleep(0s);
    co_await asyncio::sleep(-1h);
}

BOOST_AUTO_TEST_CASE(sleep_of_nothing_or_less_returns) {
    run(sleeps_not_at_all());
}

static awaitable<void> settles(std::string& order) {
    const asyncio::Outcome returned = co_await asyncio::settle(note(order, 'a'));
    BOOST_TEST((returned == nullptr));
    const asyncio::Outcome thrown = co_await asyncio::settle(fail());
    BOOST_TEST((thrown != nullptr));
    BOOST_CHECK_THROW(std::rethrow_exception(thrown), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(settle_makes_an_exception_a_value) {
    std::string order;
    run(settles(order));
    BOOST_TEST(order == "a");
}

static awaitable<void> first_of_settled_fails(std::string& ended) {
    const auto first = co_await (asyncio::settle(fail_after(1ms)) || asyncio::settle(never(ended)));
    BOOST_TEST(first.index() == 0U);
    BOOST_TEST(ended == "X");
    BOOST_CHECK_THROW(asyncio::rethrow(first), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(an_exception_in_one_of_settled_tasks_ends_the_others_and_is_rethrown) {
    std::string ended;
    run(first_of_settled_fails(ended));
}

static awaitable<void> first_of_settled_returns(std::string& ended) {
    const auto first =
        co_await (asyncio::settle(never(ended)) || asyncio::settle(note_after(ended, 'a', 1ms)));
    BOOST_TEST(first.index() == 1U);
    BOOST_CHECK_NO_THROW(asyncio::rethrow(first));
}

BOOST_AUTO_TEST_CASE(the_first_of_settled_tasks_to_return_cancels_the_others) {
    std::string ended;
    run(first_of_settled_returns(ended));
    BOOST_TEST(ended == "aX");
}

static awaitable<void> sleep_without_memory(std::size_t allocations) {
    co_await asyncio::sleep(0ms);  // until `||` has all its memory
    const test::FailingAllocations failing(allocations);
    co_await asyncio::sleep(1ms);
}

static awaitable<void> no_memory_for_one_of_two(std::size_t& allocations) {
    std::string ended;
    bool slept = false;
    while (!slept) {
        BOOST_TEST_REQUIRE(allocations < 100U);
        ended.clear();
        const auto first = co_await (asyncio::settle(never(ended)) ||
                                     asyncio::settle(sleep_without_memory(allocations++)));
        BOOST_TEST(first.index() == 1U);
        BOOST_TEST(ended == "X");
        try {
            asyncio::rethrow(first);
            slept = true;
        } catch (const std::bad_alloc&) {
            // With the next, there will be memory for more.
        }
    }
}

BOOST_AUTO_TEST_CASE(one_that_has_no_memory_to_sleep_ends_the_other) {
    std::size_t allocations = 0;
    run(no_memory_for_one_of_two(allocations));
    BOOST_TEST(allocations > 1U);
}

BOOST_AUTO_TEST_CASE(what_still_sleeps_ends_with_the_loop) {
    std::string ended;
    {
        asio::io_context context;
        asio::co_spawn(context, never(ended), [](const std::exception_ptr&) {});
        context.poll();
        BOOST_TEST(ended.empty());
    }
    BOOST_TEST(ended == "X");
}

BOOST_AUTO_TEST_SUITE_END()
