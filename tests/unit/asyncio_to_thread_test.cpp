// asyncio::to_thread.
#include "beastapi/asyncio.hpp"
#include "support/loop.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

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

int twice(int number) {
    return 2 * number;
}

struct Counter {
    int total = 0;
    std::thread::id thread;

    int add(int number) {
        thread = std::this_thread::get_id();
        return total += number;
    }
};

std::string fail() {
    throw std::out_of_range("beyond the end");
}

void wait_for_it(const std::shared_future<void>& signal) {
    signal.wait();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(asyncio_to_thread)

static awaitable<void> calls() {
    BOOST_TEST(co_await asyncio::to_thread(twice, 21) == 42);
    Counter counter;
    BOOST_TEST(co_await asyncio::to_thread(&Counter::add, &counter, 3) == 3);
    BOOST_TEST(co_await asyncio::to_thread(&Counter::add, std::ref(counter), 4) == 7);
    BOOST_TEST((counter.thread != std::this_thread::get_id()));
}

BOOST_AUTO_TEST_CASE(gives_back_what_a_function_returns_on_another_thread) {
    run(calls());
}

static awaitable<void> owns(std::unique_ptr<int> number) {
    const auto read = [](std::unique_ptr<int> given) { return std::make_unique<int>(*given + 1); };
    const auto result = co_await asyncio::to_thread(read, std::move(number));
    BOOST_TEST(*result == 8);
}

BOOST_AUTO_TEST_CASE(what_can_only_be_moved_is_handed_over_and_back) {
    run(owns(std::make_unique<int>(7)));
}

static awaitable<void> fails() {
    std::string caught;
    try {
        co_await asyncio::to_thread(fail);
    } catch (const std::out_of_range& error) {
        caught = error.what();
    }
    BOOST_TEST(caught == "beyond the end");
}

BOOST_AUTO_TEST_CASE(an_exception_comes_back_to_the_coroutine) {
    run(fails());
}

static awaitable<void> waits(const std::shared_future<void>& signal) {
    co_await asyncio::to_thread(wait_for_it, signal);
}

static awaitable<void> gives(std::promise<void>& signal) {
    co_await asyncio::sleep(0s);
    signal.set_value();
}

// If the function held the loop up, nobody would ever give the signal.
BOOST_AUTO_TEST_CASE(the_loop_goes_on_while_a_function_blocks) {
    std::promise<void> signal;
    run(waits(signal.get_future().share()) && gives(signal));
}

static awaitable<void> notes(std::vector<int>& order, int number) {
    const int returned = co_await asyncio::to_thread(twice, number);
    order.push_back(returned);
}

static awaitable<void> notes_many(std::vector<int>& order, std::vector<int>& expected) {
    const auto loop = co_await asio::this_coro::executor;
    for (int i = 0; i < 1000; ++i) {
        asio::co_spawn(loop, notes(order, i), asio::detached);
        expected.push_back(2 * i);
    }
    const auto all_are_there = [&] { return order.size() == expected.size(); };
    co_await test::until(all_are_there, "all calls");
}

BOOST_AUTO_TEST_CASE(coroutines_go_on_in_the_order_of_their_calls) {
    std::vector<int> order;
    std::vector<int> expected;
    run(notes_many(order, expected));
    BOOST_TEST(order == expected, boost::test_tools::per_element());
}

static awaitable<void> is_cancelled(std::promise<void>& signal, bool& gone_on) {
    const auto blocks = [&] {
        signal.get_future().wait();
        gone_on = true;
    };
    auto call = asyncio::to_thread(blocks);
    auto gives_up = asyncio::wait_for(std::move(call), 1ms);
    const asyncio::Outcome outcome = co_await (asyncio::settle(std::move(gives_up)));
    BOOST_TEST((outcome == nullptr));
    BOOST_TEST(gone_on);
}

static awaitable<void> gives_late(std::promise<void>& signal) {
    co_await asyncio::sleep(20ms);
    signal.set_value();
}

// The frame that the function works on has to outlive it.
BOOST_AUTO_TEST_CASE(a_cancelled_wait_lasts_until_the_function_has_ended) {
    std::promise<void> signal;
    bool gone_on = false;
    run(is_cancelled(signal, gone_on) && gives_late(signal));
}

// The context waits in its destructor, so the frame of the coroutine outlives the function.
BOOST_AUTO_TEST_CASE(a_loop_that_ends_waits_for_the_call_under_way) {
    std::promise<void> begun;
    std::promise<void> signal;
    std::atomic<bool> ended = false;
    const auto blocks = [&] {
        begun.set_value();
        signal.get_future().wait();
        ended = true;
    };
    std::thread giver;
    {
        asio::io_context context;
        asio::co_spawn(context, asyncio::to_thread(blocks), asio::detached);
        context.poll();
        begun.get_future().wait();
        giver = std::thread([&] { signal.set_value(); });
    }
    giver.join();
    BOOST_TEST(ended);
}

BOOST_AUTO_TEST_SUITE_END()
