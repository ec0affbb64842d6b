// asyncio::wait_for: the value, the exception, the time that runs out, and both at once.
#include "beastapi/asyncio.hpp"
#include "beastapi/net/async_condition.hpp"
#include "support/loop.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <deque>
#include <optional>
#include <stdexcept>
#include <string>

using beastapi::awaitable;
namespace asio = boost::asio;
namespace asyncio = beastapi::asyncio;
using namespace std::chrono_literals;

namespace {

void run(awaitable<void> test) {
    asio::io_context context;
    test::run(context, std::move(test));
}

awaitable<std::string> value_after(asyncio::Duration duration) {
    co_await asyncio::sleep(duration);
    co_return "value";
}

awaitable<std::string> fail_after(asyncio::Duration duration) {
    co_await asyncio::sleep(duration);
    throw std::invalid_argument("failed");
}

awaitable<void> nothing_after(asyncio::Duration duration) {
    co_await asyncio::sleep(duration);
}

/// Blocks the loop, so that what was due meanwhile is all due at once.
void block(asyncio::Duration duration) {
    const auto end = std::chrono::steady_clock::now() + duration;
    while (std::chrono::steady_clock::now() < end) {}
}

/// What a WebSocket's inbox is, without the WebSocket.
struct Inbox {
    explicit Inbox(asio::io_context& context) : changed(context.get_executor()) {}

    awaitable<std::string> receive() {
        while (messages.empty()) {
            co_await changed.async_wait(asio::use_awaitable);
        }
        std::string message = std::move(messages.front());
        messages.pop_front();
        co_return message;
    }

    void put(std::string message) {
        messages.push_back(std::move(message));
        changed.notify_all();
    }

    std::deque<std::string> messages;
    beastapi::detail::AsyncCondition changed;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(wait_for)

static awaitable<void> in_time() {
    const std::string value = co_await asyncio::wait_for(value_after(1ms), 1h);
    BOOST_TEST(value == "value");
    co_await asyncio::wait_for(nothing_after(1ms), 1h);
}

BOOST_AUTO_TEST_CASE(what_is_ready_in_time_is_returned) {
    run(in_time());
}

static awaitable<void> without_suspending() {
    const std::string value = co_await asyncio::wait_for(value_after(0s), 1h);
    BOOST_TEST(value == "value");
}

BOOST_AUTO_TEST_CASE(what_is_ready_at_once_is_returned) {
    run(without_suspending());
}

template <class T>
static awaitable<void> too_late(awaitable<T> task) {
    bool timed_out = false;
    const auto begin = std::chrono::steady_clock::now();
    try {
        co_await asyncio::wait_for(std::move(task), 10ms);
    } catch (const asyncio::TimeoutError&) {
        timed_out = true;
    }
    BOOST_TEST(timed_out);
    BOOST_TEST((std::chrono::steady_clock::now() - begin >= 10ms));
}

BOOST_AUTO_TEST_CASE(what_is_late_is_cancelled_and_a_timeout_thrown) {
    run(too_late(value_after(24h)));
    run(too_late(nothing_after(24h)));
    run(too_late(fail_after(24h)));
}

static awaitable<void> fails() {
    bool failed = false;
    try {
        co_await asyncio::wait_for(fail_after(1ms), 1h);
    } catch (const std::invalid_argument&) {
        failed = true;
    }
    BOOST_TEST(failed);
}

BOOST_AUTO_TEST_CASE(what_the_task_throws_is_thrown) {
    run(fails());
}

static awaitable<void> both_at_once() {
    const auto executor = co_await asio::this_coro::executor;
    // Both timers are due when the loop comes back to them, the task's first.
    asio::post(executor, [] { block(20ms); });
    const std::string value = co_await asyncio::wait_for(value_after(5ms), 10ms);
    BOOST_TEST(value == "value");
}

BOOST_AUTO_TEST_CASE(a_task_that_ends_in_the_very_moment_counts_as_finished) {
    for (int i = 0; i < 20; ++i) {
        run(both_at_once());
    }
}

/// Puts a message in at about the moment at which the receiver gives up, again and again.
static awaitable<void> receives_near_the_timeout(asio::io_context& context) {
    Inbox inbox(context);
    constexpr int rounds = 200;
    int received = 0;
    for (int round = 0; round < rounds; ++round) {
        asio::steady_timer timer(context, std::chrono::microseconds(900 + round));
        timer.async_wait([&inbox](const boost::system::error_code&) { inbox.put("message"); });
        std::optional<std::string> message;
        try {
            message = co_await asyncio::wait_for(inbox.receive(), 1ms);
        } catch (const asyncio::TimeoutError&) {
            message = std::nullopt;
        }
        if (!message) {
            message = co_await asyncio::wait_for(inbox.receive(), test::deadline);
        }
        BOOST_TEST(*message == "message");
        ++received;
        BOOST_TEST(inbox.messages.empty());
    }
    BOOST_TEST(received == rounds);
}

BOOST_AUTO_TEST_CASE(no_message_is_lost_to_a_timeout) {
    asio::io_context context;
    test::run(context, receives_near_the_timeout(context));
}

static awaitable<void> waits_for_ever(bool& timed_out, bool& cancelled) {
    try {
        co_await asyncio::wait_for(nothing_after(24h), 24h);
    } catch (const asyncio::TimeoutError&) {
        timed_out = true;
    } catch (const boost::system::system_error& error) {
        cancelled = error.code() == asio::error::operation_aborted;
    }
}

BOOST_AUTO_TEST_CASE(cancelled_from_outside_it_is_cancelled_and_not_late) {
    asio::io_context context;
    asio::cancellation_signal signal;
    bool timed_out = false;
    bool cancelled = false;
    bool ended = false;
    asio::co_spawn(context, waits_for_ever(timed_out, cancelled),
                   asio::bind_cancellation_slot(
                       signal.slot(), [&ended](const std::exception_ptr&) { ended = true; }));
    asio::post(context, [&signal] { signal.emit(asio::cancellation_type::terminal); });
    context.run_for(test::deadline);
    BOOST_TEST(ended);
    BOOST_TEST(cancelled);
    BOOST_TEST(!timed_out);
}

BOOST_AUTO_TEST_SUITE_END()
