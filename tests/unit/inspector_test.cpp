// What the inspector sees of coroutines: trees, waits, transitions, and that nothing is left.
#include "beastapi/asyncio.hpp"
#include "beastapi/inspect/frames.hpp"
#include "beastapi/inspect/snapshot.hpp"
#include "beastapi/inspect/sources.hpp"
#include "beastapi/inspect/task.hpp"
#include "beastapi/net/async_condition.hpp"
#include "beastapi/net/running_loop.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <source_location>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace asyncio = beastapi::asyncio;
namespace inspect = beastapi::inspect;
namespace json = boost::json;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;
using beastapi::awaitable;
using beastapi::detail::AsyncCondition;
using inspect::Where;

namespace {

constexpr auto day = 24h;

beastapi::Request request_to(std::string path) {
    beastapi::Request request;
    request.path = std::move(path);
    request.client = {"127.0.0.1", 50000};
    return request;
}

/// A loop that is inspected, as a worker's.
class Loop {
public:
    Loop() = default;
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    ~Loop() {
        // As a worker does it: what is suspended ends with the loop.
        letters_.notify_all();
        context_.reset();
        BOOST_TEST(registry_.tasks().empty());
    }

    AsyncCondition& letters() { return letters_; }
    asio::io_context& context() { return *context_; }
    const inspect::Registry& registry() const { return registry_; }

    /// Begins the handler of a connection to `/test`.
    void handle(awaitable<void> handler) {
        auto task = inspect::task_of(request_to("/test"));
        spawn(inspect::as_task(std::move(handler), std::move(task)));
    }

    void spawn(awaitable<void> coroutine) {
        asio::co_spawn(*context_, std::move(coroutine), [](const std::exception_ptr&) {});
        turn();
    }

    /// Runs what is ready.
    void turn() {
        while (context_->poll_one() > 0) {
            registry_.end_turn();
        }
    }

    void post_letter() {
        letters_.notify_all();
        turn();
    }

    /// Until that timer is over, which is the next one.
    void wait() {
        context_->run_one();
        registry_.end_turn();
        turn();
    }

    json::object look(const inspect::Query& query = {}) {
        std::vector<inspect::View> views;
        views.push_back(inspect::take_view(registry_, query));
        return inspect::put_together(std::move(views), query);
    }

private:
    inspect::Registry registry_{0};
    inspect::Inspecting inspecting_{&registry_};
    std::unique_ptr<asio::io_context> context_ = std::make_unique<asio::io_context>(1);
    beastapi::detail::RunningLoop running_{*context_};
    AsyncCondition letters_{context_->get_executor()};
};

/// The tree on one line: each function with what it waits for, and its children in parentheses.
std::string outline(const json::value& coroutine) {
    std::string text(coroutine.at("function").as_string());
    text += ':';
    text += coroutine.at("waiting_on").is_null() ? "?" : coroutine.at("waiting_on").as_string();
    std::string children;
    for (const auto& child : coroutine.at("children").as_array()) {
        children += (children.empty() ? "" : " ") + outline(child);
    }
    return children.empty() ? text : text + " (" + children + ")";
}

std::string outline(const json::object& snapshot) {
    std::string text;
    for (const auto& task : snapshot.at("tasks").as_array()) {
        text += (text.empty() ? "" : ", ") + outline(task.at("coroutine"));
    }
    return text;
}

/// Such as `listen finished`, in their order, without those of the waits.
std::string steps(const json::object& snapshot) {
    std::string text;
    for (const auto& step : snapshot.at("transitions").as_array()) {
        const auto& what = step.at("what").as_string();
        if (what != "waits") {
            text += (text.empty() ? "" : ", ");
            text += step.at("function").as_string();
            text += ' ';
            text += what;
        }
    }
    return text;
}

const json::value& child(const json::value& coroutine, std::size_t index) {
    return coroutine.at("children").at(index);
}

std::string source(const json::value& coroutine) {
    return std::string(coroutine.at("source").as_string());
}

// The coroutines that are looked at.
awaitable<void> letter(Loop& loop, std::source_location where = std::source_location::current()) {
    return loop.letters().wait(Where("a letter", where));
}

awaitable<void> listen(Loop& loop) {
    co_await letter(loop);
}

awaitable<void> ticker() {
    while (true) {
        co_await asyncio::sleep(day);
    }
}

awaitable<void> fail(Loop& loop) {
    co_await letter(loop);
    throw std::runtime_error("failed");
}

awaitable<void> either(Loop& loop) {
    const auto ended = co_await (asyncio::settle(listen(loop)) || asyncio::settle(ticker()));
    asyncio::rethrow(ended);
    co_await asyncio::sleep(day);
}

awaitable<void> both(Loop& loop) {
    co_await (listen(loop) && ticker());
}

awaitable<void> failing(Loop& loop) {
    const auto ended = co_await (asyncio::settle(fail(loop)) || asyncio::settle(ticker()));
    asyncio::rethrow(ended);
}

awaitable<void> at_most(Loop& loop) {
    try {
        co_await asyncio::wait_for(listen(loop), 500ms);
    } catch (const asyncio::TimeoutError&) {}
    co_await asyncio::sleep(day);
}

awaitable<void> inner(Loop& loop) {
    co_await letter(loop);
}

awaitable<void> outer(Loop& loop) {
    co_await inner(loop);
    co_await asyncio::sleep(day);
}

awaitable<void> leaves_one_behind(Loop& loop) {
    asio::co_spawn(loop.context(), ticker(), asio::detached);
    co_await letter(loop);
}

awaitable<void> starts_a_task(Loop& loop) {
    asyncio::create_task(ticker());
    co_await letter(loop);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(inspector)

BOOST_AUTO_TEST_CASE(operands_are_a_tree_with_the_lines_in_which_they_wait) {
    Loop loop;
    loop.handle(either(loop));
    const auto snapshot = loop.look();
    BOOST_TEST(outline(snapshot) == "either:its children (listen:a letter ticker:a timer)");
    const auto& task = snapshot.at("tasks").at(0);
    BOOST_TEST(task.at("name").as_string() == "/test");
    BOOST_TEST(task.at("peer").as_string() == "127.0.0.1:50000");
    const auto& root = task.at("coroutine");
    BOOST_TEST(source(root).find("settle(listen(loop)) || ") != std::string::npos);
    BOOST_TEST(source(child(root, 0)) == "co_await letter(loop);");
    BOOST_TEST(source(child(root, 1)) == "co_await asyncio::sleep(day);");
    BOOST_TEST(root.at("file").as_string() == "tests/unit/inspector_test.cpp");
    BOOST_TEST(root.at("state").as_string() == "waiting");
}

BOOST_AUTO_TEST_CASE(the_side_that_loses_is_cancelled_and_the_handler_goes_on) {
    Loop loop;
    loop.handle(either(loop));
    loop.post_letter();
    const auto snapshot = loop.look();
    BOOST_TEST(outline(snapshot) == "either:a timer");
    BOOST_TEST(steps(snapshot) ==
               "listen started, ticker started, either started, listen resumed, listen finished, "
               "ticker cancelled, ticker finished, either resumed");
    BOOST_TEST(snapshot.at("tasks").at(0).at("coroutine").at("resumptions").to_number<int>() == 1);
}

BOOST_AUTO_TEST_CASE(operands_that_nobody_settles_are_seen_as_well) {
    Loop loop;
    loop.handle(both(loop));
    BOOST_TEST(outline(loop.look()) == "both:its children (listen:a letter ticker:a timer)");
    loop.post_letter();
    BOOST_TEST(outline(loop.look()) == "both:its children (ticker:a timer)");
}

BOOST_AUTO_TEST_CASE(an_exception_leaves_nothing) {
    Loop loop;
    loop.handle(failing(loop));
    BOOST_TEST(outline(loop.look()) == "failing:its children (fail:a letter ticker:a timer)");
    loop.post_letter();
    BOOST_TEST(outline(loop.look()) == "");
    BOOST_TEST(steps(loop.look())
                   .ends_with("fail resumed, fail finished, ticker cancelled, ticker "
                              "finished, failing resumed, failing finished"));
}

BOOST_AUTO_TEST_CASE(what_wait_for_waits_for_is_a_child) {
    Loop loop;
    loop.handle(at_most(loop));
    const auto before = loop.look();
    BOOST_TEST(outline(before) == "at_most:its child, or a timer (listen:a letter)");
    BOOST_TEST(source(before.at("tasks").at(0).at("coroutine")) ==
               "co_await asyncio::wait_for(listen(loop), 500ms);");
    loop.wait();
    BOOST_TEST(outline(loop.look()) == "at_most:a timer");
    BOOST_TEST(steps(loop.look()).ends_with("listen cancelled, listen finished, at_most resumed"));
}

BOOST_AUTO_TEST_CASE(a_coroutine_that_another_has_called_is_below_it) {
    Loop loop;
    loop.handle(outer(loop));
    const auto snapshot = loop.look();
    BOOST_TEST(outline(snapshot) == "outer:inner (inner:a letter)");
    const auto& root = snapshot.at("tasks").at(0).at("coroutine");
    BOOST_TEST(root.at("line").is_null());
    BOOST_TEST(source(child(root, 0)) == "co_await letter(loop);");
    loop.post_letter();
    BOOST_TEST(outline(loop.look()) == "outer:a timer");
}

BOOST_AUTO_TEST_CASE(what_was_started_and_not_waited_for_outlives_its_task) {
    Loop loop;
    loop.handle(leaves_one_behind(loop));
    loop.post_letter();
    BOOST_TEST(outline(loop.look()) == "ticker:a timer");
    BOOST_TEST(loop.look().at("tasks").at(0).at("name").as_string() == "ticker");
}

BOOST_AUTO_TEST_CASE(what_create_task_has_begun_is_a_task_of_its_own) {
    Loop loop;
    loop.handle(starts_a_task(loop));
    const auto snapshot = loop.look();
    BOOST_TEST(outline(snapshot) == "starts_a_task:a letter, ticker:a timer");
    const auto& task = snapshot.at("tasks").at(1);
    BOOST_TEST(task.at("name").as_string() == "ticker");
    BOOST_TEST(source(task.at("coroutine")) == "co_await asyncio::sleep(day);");
}

BOOST_AUTO_TEST_CASE(tasks_are_found_and_come_page_by_page) {
    Loop loop;
    loop.handle(either(loop));
    loop.spawn(ticker());
    loop.handle(listen(loop));
    const auto found = loop.look({.find = "A LETTER"});
    BOOST_TEST(found.at("task_count").to_number<int>() == 2);
    const auto first = loop.look({.tasks = 2});
    BOOST_TEST(first.at("task_count").to_number<int>() == 3);
    BOOST_TEST(first.at("tasks").as_array().size() == 2U);
    const auto last = first.at("tasks").at(1).at("id").to_number<std::uint64_t>();
    BOOST_TEST(outline(loop.look({.after = last})) == "listen:a letter");
}

BOOST_AUTO_TEST_CASE(those_who_look_are_not_shown) {
    Loop loop;
    loop.spawn(inspect::as_task(either(loop), inspect::task_of(request_to("/inspect/events"))));
    BOOST_TEST(outline(loop.look()) == "");
    BOOST_TEST(steps(loop.look()) == "");
}

BOOST_AUTO_TEST_CASE(while_nobody_inspects_there_is_no_task) {
    BOOST_TEST((inspect::task_of(request_to("/test")) == nullptr));
    asio::io_context context(1);
    AsyncCondition condition(context.get_executor());
    auto waits = condition.wait(Where("a letter", std::source_location::current()));
    asio::co_spawn(context, std::move(waits), asio::detached);
    context.poll();
    condition.notify_all();
    BOOST_TEST(context.run() == 1U);
}

BOOST_AUTO_TEST_CASE(names_are_short) {
    using inspect::short_name;
    BOOST_TEST(short_name("beastapi::awaitable<void> routers::{anonymous}::beat(Line, Chat&)") ==
               "beat");
    BOOST_TEST(short_name("routers::(anonymous namespace)::beat(chat::Line)") == "beat");
    BOOST_TEST(short_name("void chat::Session::enter(chat::Session::enter()::_ZN4chat.Frame*)") ==
               "enter");
    BOOST_TEST(short_name("awaitable<std::function<void(int)> > twice(T) [with T = int]") ==
               "twice");
    BOOST_TEST(short_name("") == "");
}

BOOST_AUTO_TEST_CASE(only_files_that_were_named_are_shown) {
    auto& sources = inspect::Sources::instance();
    const auto here = std::source_location::current();
    const auto line = sources.line(here);
    BOOST_TEST(line.file == "tests/unit/inspector_test.cpp");
    BOOST_TEST(line.text.value() == "const auto here = std::source_location::current();");
    BOOST_TEST(sources.text(line.file).value().starts_with("// What the inspector sees"));
    BOOST_TEST(!sources.text("CMakeLists.txt"));
    BOOST_TEST(!sources.text("tests/unit/../unit/inspector_test.cpp"));
    BOOST_TEST(!sources.text("/etc/passwd"));
}

BOOST_AUTO_TEST_SUITE_END()
