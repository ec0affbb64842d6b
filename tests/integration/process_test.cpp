// The program as a process: how it starts, stops, and says why it does not start.
#include "support/server_process.hpp"
#include "support/temporary_directory.hpp"
#include "support/websocket_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>

using namespace test;
using std::chrono::steady_clock;

namespace {

/// It ended with `status`, and said why in one line on stderr.
void check_refused(ServerProcess& process, int status, std::string_view why) {
    BOOST_TEST(process.wait() == status);
    const std::string& said = process.standard_error();
    BOOST_TEST(std::count(said.begin(), said.end(), '\n') == 1, said);
    BOOST_TEST(said.ends_with('\n'));
    BOOST_TEST(said.find(why) != std::string::npos, said);
    BOOST_TEST(process.standard_output().empty());
}

void run(awaitable<void> test) {
    io_context context{1};
    test::run(context, std::move(test));
}

/// For clients that talk as fast as they can.
const std::vector<std::string> unhurried{"--port",           "0", "--message-rate",    "0",
                                         "--client-rate-in", "0", "--client-rate-out", "0"};

awaitable<void> talk_and_stop(ServerProcess& process, unsigned short port, int signal) {
    WebSocketClient alice = co_await WebSocketClient::connect(port, "/ws/chat/Alice");
    co_await alice.receive_json();
    for (int i = 0; i < 100; ++i) {
        co_await alice.send_text(fmt::format(R"({{"message":"{}"}})", i));
    }
    // All 100 are in the server before it is told to stop.
    for (int i = 0; i < 100; ++i) {
        const auto heard = co_await alice.receive_json();
        BOOST_TEST((heard.at("message").as_string() == std::to_string(i)));
    }
    process.send_signal(signal);
    co_await alice.expect_close(1001);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(process)

BOOST_AUTO_TEST_CASE(it_says_where_it_listens_and_ends_on_a_signal_with_0) {
    for (const int signal : {SIGTERM, SIGINT}) {
        ServerProcess process(unhurried);
        const unsigned short port = process.port();
        BOOST_TEST(port > 0);
        run(talk_and_stop(process, port, signal));
        BOOST_TEST(process.wait() == 0);
        BOOST_TEST(process.standard_output().empty());
    }
}

BOOST_AUTO_TEST_CASE(it_says_where_it_listens_even_if_it_logs_nothing) {
    ServerProcess process({"--port", "0", "--log-level", "error"});
    const int port = std::stoi(process.wait_for(R"(http://127\.0\.0\.1:(\d+))"));
    BOOST_TEST(port > 0);
    process.send_signal(SIGTERM);
    BOOST_TEST(process.wait() == 0);
}

static awaitable<void> hold(ServerProcess& process, unsigned short port, int signals) {
    WebSocketClient stuck = co_await WebSocketClient::connect(port, "/ws/chat/Stuck");
    co_await stuck.receive_json();
    for (int i = 0; i < signals; ++i) {
        process.send_signal(SIGTERM);
        process.wait_for(i == 0 ? "(shutting down)" : "(at once)");
    }
    // The close frame is read, and never answered.
    const std::string rest = co_await stuck.tcp().read_to_end();
    BOOST_TEST(rest.size() <= 2 + 125U);
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_let_go_is_given_the_shutdown_timeout) {
    ServerProcess process({"--port", "0", "--shutdown-timeout", "0.2"});
    const unsigned short port = process.port();
    const auto begin = steady_clock::now();
    run(hold(process, port, 1));
    BOOST_TEST(process.wait() == 0);
    BOOST_TEST((steady_clock::now() - begin < 5s));
}

BOOST_AUTO_TEST_CASE(a_second_signal_ends_it_at_once) {
    ServerProcess process({"--port", "0", "--shutdown-timeout", "3600"});
    const unsigned short port = process.port();
    run(hold(process, port, 2));
    BOOST_TEST(process.wait() == 128 + SIGTERM);
}

static awaitable<void> talk(unsigned short port, std::string name, std::string& last,
                            std::size_t& heard) {
    WebSocketClient client = co_await WebSocketClient::connect(port, "/ws/chat/" + name);
    co_await client.receive_json();
    Frame frame;
    while (frame.opcode != opcode::close) {
        co_await client.send_text(R"({"message":"x","timestamp":"2024-01-01T12:00:00Z"})");
        frame = co_await client.receive();
        if (frame.opcode == opcode::text) {
            last = frame.payload;
            ++heard;
        }
    }
    BOOST_TEST(frame.payload.starts_with(close_payload(1001)));
    Frame answer;
    answer.opcode = opcode::close;
    answer.payload = close_payload(1001);
    co_await client.send(answer);
    co_await client.tcp().read_to_end();
    client.tcp().close();
}

static awaitable<void> stop_amid_the_talk(ServerProcess& process, unsigned short port) {
    constexpr std::size_t members = 10;
    std::vector<std::string> last(members);
    std::vector<std::size_t> heard(members);
    std::vector<Task> talks;
    for (std::size_t i = 0; i < members; ++i) {
        talks.push_back(
            co_await Task::start(talk(port, fmt::format("User{}", i), last[i], heard[i])));
    }
    const auto busy = [&heard] {
        return std::all_of(heard.begin(), heard.end(), [](std::size_t n) { return n > 200; });
    };
    co_await until(busy, "everyone to talk");
    process.send_signal(SIGTERM);
    for (Task& each : talks) {
        co_await each.join();
    }
    for (const std::string& message : last) {
        BOOST_TEST(message == last.front());
    }
}

BOOST_AUTO_TEST_CASE(stopped_under_load_it_tells_everyone_and_ends_with_0) {
    ServerProcess process(unhurried);
    const unsigned short port =
        static_cast<unsigned short>(std::stoi(process.wait_for(R"(http://127\.0\.0\.1:(\d+))")));
    run(stop_amid_the_talk(process, port));
    BOOST_TEST(process.wait() == 0);
}

BOOST_AUTO_TEST_CASE(a_taken_port_is_one_line_and_1) {
    ServerProcess first({"--port", "0"});
    const std::string port = std::to_string(first.port());
    ServerProcess second({"--port", port});
    check_refused(second, 1, port);
    first.send_signal(SIGTERM);
    BOOST_TEST(first.wait() == 0);
}

BOOST_AUTO_TEST_CASE(an_address_that_is_not_here_is_one_line_and_1) {
    ServerProcess foreign({"--host", "192.0.2.1", "--port", "0"});
    check_refused(foreign, 1, "192.0.2.1");
    ServerProcess malformed({"--host", "no such host", "--port", "0"});
    check_refused(malformed, 1, "no such host");
}

BOOST_AUTO_TEST_CASE(a_missing_folder_is_one_line_and_2) {
    const TemporaryDirectory directory;
    const std::string missing = (directory.path() / "missing").string();
    ServerProcess process({"--port", "0", "--static-dir", missing});
    check_refused(process, 2, missing);
}

BOOST_AUTO_TEST_CASE(a_connection_is_logged_when_it_comes_and_when_it_goes) {
    ServerProcess process(unhurried);
    const unsigned short port = process.port();
    run(talk_and_stop(process, port, SIGTERM));
    BOOST_TEST(process.wait() == 0);
    const std::string& log = process.standard_error();
    BOOST_TEST(log.find("\"WebSocket /ws/chat/Alice\" [accepted]") != std::string::npos, log);
    BOOST_TEST(log.find("\"WebSocket /ws/chat/Alice\" [closed] 1001 after ") != std::string::npos,
               log);
    BOOST_TEST(log.find("127.0.0.1:") != std::string::npos, log);
}

static awaitable<void> connect_with_control_characters(unsigned short port) {
    WebSocketClient client =
        co_await WebSocketClient::connect(port, "/ws/chat/%0Aevil%1B?token=secret");
    co_await client.expect_close(1008);
}

BOOST_AUTO_TEST_CASE(the_log_holds_neither_secrets_nor_lines_that_clients_made_up) {
    ServerProcess process({"--port", "0"});
    const unsigned short port = process.port();
    run(connect_with_control_characters(port));
    process.send_signal(SIGTERM);
    BOOST_TEST(process.wait() == 0);
    const std::string& log = process.standard_error();
    BOOST_TEST(log.find("\nevil") == std::string::npos, log);
    BOOST_TEST(log.find("secret") == std::string::npos, log);
}

BOOST_AUTO_TEST_SUITE_END()
