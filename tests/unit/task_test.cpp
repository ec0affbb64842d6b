// asyncio::create_task and Task: beside the others, until they end, are cancelled, or lose their
// loop.
#include "beastapi/asyncio.hpp"
#include "beastapi/net/running_loop.hpp"
#include "support/loop.hpp"

#include <boost/test/unit_test.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

using beastapi::awaitable;
namespace asio = boost::asio;
namespace asyncio = beastapi::asyncio;
using namespace std::chrono_literals;

namespace {

void run(awaitable<void> test) {
    asio::io_context context;
    const beastapi::detail::RunningLoop running(context);
    test::run(context, std::move(test));
}

awaitable<void> note(std::string& order, char letter) {
    order.push_back(letter);
    co_return;
}

awaitable<void> fail() {
    co_await asyncio::sleep(0s);
    throw std::runtime_error("failed");
}

/// Notes that it was cancelled, or destroyed.
awaitable<void> never(std::string& ended) {
    struct AtEnd {
        std::string& ended;
        ~AtEnd() { ended.push_back('X'); }
    } const at_end(ended);
    try {
        co_await asyncio::sleep(24h);
    } catch (const boost::system::system_error& error) {
        ended.push_back(error.code() == asio::error::operation_aborted ? 'C' : '?');
        throw;
    }
}

/// What is logged while it lives.
class Log {
public:
    Log() {
        auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(text_);
        spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", std::move(sink)));
    }
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    ~Log() { spdlog::set_default_logger(before_); }

    std::string text() const { return text_.str(); }

private:
    std::ostringstream text_;
    std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
};

}  // namespace

BOOST_AUTO_TEST_SUITE(tasks)

static awaitable<void> beside(std::string& order) {
    const asyncio::Task task = asyncio::create_task(note(order, 'T'));
    order.push_back('a');
    BOOST_TEST(!task.done());
    co_await asyncio::sleep(0s);
    order.push_back('b');
    co_await task.wait();
    BOOST_TEST(task.done());
    co_await task.wait();
}
BOOST_AUTO_TEST_CASE(it_runs_from_the_next_turn_on) {
    std::string order;
    run(beside(order));
    BOOST_TEST(order == "aTb");
}

static awaitable<void> both_wait(std::string& order) {
    const asyncio::Task first = asyncio::create_task(asyncio::sleep(5ms));
    const asyncio::Task second = asyncio::create_task(first.wait());
    co_await first.wait();
    co_await second.wait();
    order.push_back('e');
}
BOOST_AUTO_TEST_CASE(several_may_wait_for_it) {
    std::string order;
    run(both_wait(order));
    BOOST_TEST(order == "e");
}

static awaitable<void> hear_of_the_error() {
    const asyncio::Task task = asyncio::create_task(fail());
    const asyncio::Outcome outcome = co_await asyncio::settle(task.wait());
    BOOST_CHECK_THROW(std::rethrow_exception(outcome), std::runtime_error);
}
BOOST_AUTO_TEST_CASE(who_waits_gets_its_exception_and_the_log_does_not) {
    const Log log;
    run(hear_of_the_error());
    BOOST_TEST(log.text().empty(), log.text());
}

static awaitable<void> forget_a_task(const Log& log) {
    asyncio::create_task(fail());
    const std::function<bool()> complained = [&log] { return !log.text().empty(); };
    co_await test::until(complained, "the log to say what became of the task");
}
BOOST_AUTO_TEST_CASE(an_exception_that_nobody_hears_of_is_logged) {
    const Log log;
    run(forget_a_task(log));
    BOOST_TEST(log.text().find("a task ended by an error: failed") != std::string::npos);
}

static awaitable<void> cancel_one(std::string& ended) {
    const asyncio::Task task = asyncio::create_task(never(ended));
    co_await asyncio::sleep(0s);
    task.cancel();
    const asyncio::Outcome outcome = co_await asyncio::settle(task.wait());
    BOOST_CHECK_THROW(std::rethrow_exception(outcome), boost::system::system_error);
    task.cancel();
    ended.push_back('e');
}
BOOST_AUTO_TEST_CASE(it_is_cancelled_where_it_waits) {
    const Log log;
    std::string ended;
    run(cancel_one(ended));
    BOOST_TEST(ended == "CXe");
    BOOST_TEST(log.text().empty(), log.text());
}

static awaitable<void> cancel_at_once(std::string& ended) {
    const asyncio::Task task = asyncio::create_task(never(ended));
    task.cancel();
    const asyncio::Outcome outcome = co_await asyncio::settle(task.wait());
    BOOST_CHECK_THROW(std::rethrow_exception(outcome), boost::system::system_error);
}
BOOST_AUTO_TEST_CASE(it_never_begins_if_it_is_cancelled_before_its_first_turn) {
    std::string ended;
    run(cancel_at_once(ended));
    BOOST_TEST(ended.empty(), ended);
}

static awaitable<void> give_up_waiting(asyncio::Task task) {
    try {
        co_await asyncio::wait_for(task.wait(), 5ms);
        BOOST_ERROR("it did not time out");
    } catch (const asyncio::TimeoutError&) {
        BOOST_TEST(!task.done());
    }
}
static awaitable<void> wait_in_vain(std::string& ended) {
    const asyncio::Task task = asyncio::create_task(never(ended));
    co_await give_up_waiting(task);
    BOOST_TEST(ended.empty());
}
BOOST_AUTO_TEST_CASE(who_gives_up_waiting_leaves_it_alone) {
    std::string ended;
    run(wait_in_vain(ended));
    BOOST_TEST(ended == "X");
}

static awaitable<void> keep(std::optional<asyncio::Task>& kept, std::string& ended) {
    kept = asyncio::create_task(never(ended));
    asyncio::create_task(kept->wait());
    co_await asyncio::sleep(0s);
}
BOOST_AUTO_TEST_CASE(it_ends_with_its_loop_and_a_handle_may_live_on) {
    const Log log;
    std::string ended;
    std::optional<asyncio::Task> kept;
    run(keep(kept, ended));
    BOOST_TEST(ended == "X");
    BOOST_TEST_REQUIRE(kept.has_value());
    BOOST_TEST(kept->done());
    kept->cancel();
    kept.reset();
    BOOST_TEST(log.text().empty(), log.text());
}

BOOST_AUTO_TEST_CASE(a_thread_without_a_loop_makes_none) {
    std::string order;
    BOOST_CHECK_THROW(asyncio::create_task(note(order, 'T')), std::runtime_error);
    BOOST_TEST(order.empty());
}

BOOST_AUTO_TEST_SUITE_END()
