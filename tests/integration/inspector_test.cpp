// `--inspect`: what `/inspect.json` says of the coroutines of the chat, and who may see it.
#include "support/event_client.hpp"
#include "support/http_client.hpp"
#include "support/loop.hpp"
#include "support/server_process.hpp"
#include "support/websocket_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

using namespace test;
namespace json = boost::json;

namespace {

void run(awaitable<void> test) {
    boost::asio::io_context context;
    test::run(context, std::move(test));
}

/// Runs `test` with the port of a server that is inspected, and stops that.
template <class Test>
void with_server(Test test, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"--port", "0", "--inspect"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    ServerProcess process(std::move(arguments));
    run(test(process.port()));
    process.send_signal(SIGTERM);
    BOOST_TEST(process.wait() == 0);
}

awaitable<json::object> look(unsigned short port, std::string query = {}) {
    const HttpResponse response = co_await get(port, "/inspect.json" + query);
    BOOST_TEST(response.status == 200U);
    co_return response.json();
}

awaitable<WebSocketClient> join(unsigned short port, std::string path) {
    WebSocketClient client = co_await WebSocketClient::connect(port, std::move(path));
    const auto welcome = co_await client.receive_json();
    BOOST_TEST(welcome.at("event").as_string() == "welcome");
    co_return client;
}

/// The task of that name, of which there has to be one.
const json::value& task_of(const json::object& snapshot, const std::string& name) {
    const json::value* found = nullptr;
    for (const auto& task : snapshot.at("tasks").as_array()) {
        if (task.at("name").as_string() == name) {
            BOOST_TEST_REQUIRE(found == nullptr, "there are two of " + name);
            found = &task;
        }
    }
    BOOST_TEST_REQUIRE(found != nullptr, "there is no " + name);
    return *found;
}

const json::value& child(const json::value& coroutine, const std::string& function) {
    for (const auto& one : coroutine.at("children").as_array()) {
        if (one.at("function").as_string() == function.c_str()) {
            return one;
        }
    }
    throw std::runtime_error("there is no child " + function);
}

/// Whether it waits for that, in a line that has `text`.
void check_wait(const json::value& coroutine, const std::string& waiting_on,
                const std::string& file, const std::string& text) {
    BOOST_TEST(coroutine.at("state").as_string() == "waiting");
    BOOST_TEST(coroutine.at("waiting_on").as_string() == waiting_on);
    BOOST_TEST(coroutine.at("file").as_string() == file);
    const std::string source(coroutine.at("source").as_string());
    BOOST_TEST(source.find(text) != std::string::npos, source);
}

constexpr const char* router = "chapter08/routers/websocket.cpp";

awaitable<void> see_tree(unsigned short port) {
    WebSocketClient alice = co_await join(port, "/ws/chat/Alice/heartbeat");
    json::object snapshot = co_await look(port);
    BOOST_TEST(snapshot.at("task_count").to_number<int>() == 1);
    const auto& task = task_of(snapshot, "/ws/chat/Alice/heartbeat");
    BOOST_TEST(task.at("inbox").at("frames").to_number<int>() == 0);
    BOOST_TEST(!task.at("closed").as_bool());
    const auto& handler = task.at("coroutine");
    BOOST_TEST(handler.at("function").as_string() == "websocket_chat_with_heartbeat");
    check_wait(handler, "its children", router, "co_await (asyncio::settle(chat_loop(");
    check_wait(child(handler, "chat_loop"), "a message", router, "receive");
    check_wait(child(handler, "heartbeat_sender"), "a timer", router, "sleep");
    const int before = child(handler, "chat_loop").at("resumptions").to_number<int>();

    // A file that was named is shown, and no other.
    const HttpResponse shown = co_await get(port, std::string("/inspect/source?file=") + router);
    BOOST_TEST(shown.body.find("awaitable<void> chat_loop(") != std::string::npos);
    for (const char* const other :
         {"chapter08/main.cpp", "/etc/passwd", "../main/chapter08/main.cpp", ""}) {
        const HttpResponse none = co_await get(port, std::string("/inspect/source?file=") + other);
        BOOST_TEST(none.status == 404U, other);
    }

    json::object message{{"type", "message"}, {"id", "1"}, {"message", "hello"}};
    co_await alice.send_json(std::move(message));
    co_await alice.receive_json();
    snapshot = co_await look(port);
    const auto& after =
        child(task_of(snapshot, "/ws/chat/Alice/heartbeat").at("coroutine"), "chat_loop");
    BOOST_TEST(after.at("resumptions").to_number<int>() > before);
    BOOST_TEST(after.at("cpu_ms").to_number<double>() > 0);

    // Then nothing is left of her but what has happened.
    co_await alice.close();
    while (!snapshot.at("tasks").as_array().empty()) {
        snapshot = co_await look(port);
    }
    const auto is_cancelled = [](const json::value& step) {
        return step.at("function").as_string() == "heartbeat_sender" &&
               step.at("what").as_string() == "cancelled";
    };
    BOOST_TEST(std::ranges::any_of(snapshot.at("transitions").as_array(), is_cancelled));
}

awaitable<void> see_stream(unsigned short port) {
    EventClient alice = co_await EventClient::connect(port, "/events/chat/Alice");
    co_await alice.enter();
    EventClient inspector = co_await EventClient::connect(port, "/inspect/events?find=alice");
    for (int i = 0; i < 2; ++i) {
        const json::object snapshot = co_await inspector.receive_json();
        BOOST_TEST(snapshot.at("task_count").to_number<int>() == 1);
        const auto& handler = task_of(snapshot, "/events/chat/Alice").at("coroutine");
        BOOST_TEST(handler.at("function").as_string() == "chat_events_with_username");
        check_wait(child(handler, "chat_loop"), "a message", router, "receive");
    }
}

// Enough members that each worker has some of them.
awaitable<void> see_workers(unsigned short port) {
    constexpr int members = 16;
    std::vector<WebSocketClient> clients;
    for (int i = 0; i < members; ++i) {
        clients.push_back(co_await join(port, fmt::format("/ws/chat/M{}", i)));
    }
    const json::object snapshot = co_await look(port);
    BOOST_TEST(snapshot.at("task_count").to_number<int>() == members);
    std::set<std::int64_t> workers;
    for (int i = 0; i < members; ++i) {
        const auto& task = task_of(snapshot, fmt::format("/ws/chat/M{}", i));
        workers.insert(task.at("worker").to_number<std::int64_t>());
    }
    BOOST_TEST(workers == std::set<std::int64_t>({0, 1}));
    BOOST_TEST(snapshot.at("loops").at(1).at("name").as_string() == "worker 1");
    const json::object page = co_await look(port, "?tasks=5");
    BOOST_TEST(page.at("tasks").as_array().size() == 5U);
}

awaitable<void> be_turned_away(unsigned short port) {
    for (const char* const path : {"/inspect", "/inspect.json", "/inspect/events",
                                   "/inspect/source?file=chapter08/routers/websocket.cpp"}) {
        const HttpResponse far = co_await get(port, path, "X-Forwarded-For: 203.0.113.7\r\n");
        BOOST_TEST(far.status == 403U, path);
        BOOST_TEST(far.body.find("a proxy has passed this on") != std::string::npos, far.body);
    }
}

awaitable<void> be_off(unsigned short port) {
    for (const char* const path : {"/inspect", "/inspect.json", "/inspect/events"}) {
        const HttpResponse off = co_await get(port, path);
        BOOST_TEST(off.status == 404U, path);
        BOOST_TEST(off.body.find("--inspect") != std::string::npos, off.body);
    }
}

awaitable<void> see_small_program(unsigned short port) {
    WebSocketClient client = co_await WebSocketClient::connect(port, "/ws");
    const json::object snapshot = co_await look(port);
    check_wait(task_of(snapshot, "/ws").at("coroutine"), "a message",
               "tests/integration/small_program.cpp", "receive");
    // Under another name it could be a page of somebody else's that asks.
    const HttpResponse elsewhere =
        co_await send_raw(port, "GET /inspect.json HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    BOOST_TEST(elsewhere.status == 403U);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(inspector)

BOOST_AUTO_TEST_CASE(a_connection_is_a_tree_of_coroutines_with_their_lines) {
    with_server(see_tree);
}

BOOST_AUTO_TEST_CASE(a_stream_of_events_is_seen_and_so_are_snapshots_as_one) {
    with_server(see_stream);
}

BOOST_AUTO_TEST_CASE(all_workers_are_seen_together) {
    with_server(see_workers, {"--workers", "2"});
}

BOOST_AUTO_TEST_CASE(only_this_machine_may_look) {
    with_server(be_turned_away);
}

BOOST_AUTO_TEST_CASE(without_inspect_it_says_how_to_turn_it_on) {
    ServerProcess process({"--port", "0"});
    run(be_off(process.port()));
}

BOOST_AUTO_TEST_CASE(a_program_of_a_chapter_needs_no_line_for_it) {
    ServerProcess process({}, {"PORT=0", "BEASTAPI_INSPECT=1"}, SMALL_PROGRAM);
    run(see_small_program(process.port()));
}

BOOST_AUTO_TEST_SUITE_END()
