// Settings of the real program: by command line, environment and file, and what is refused.
#include "support/server_process.hpp"
#include "support/temporary_directory.hpp"
#include "support/websocket_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>

using namespace test;

namespace {

void run(awaitable<void> test) {
    io_context context{1};
    test::run(context, std::move(test));
}

awaitable<void> read_interval(unsigned short port, double& interval) {
    WebSocketClient client = co_await WebSocketClient::connect(port, "/ws/chat/Alice/heartbeat");
    const auto welcome = co_await client.receive_json();
    interval = welcome.at("heartbeat_interval").to_number<double>();
}

/// The heartbeat interval that a program started so has.
double heartbeat_interval(std::vector<std::string> arguments,
                          ServerProcess::Environment environment) {
    arguments.insert(arguments.end(), {"--port", "0"});
    ServerProcess process(std::move(arguments), std::move(environment));
    double interval = 0;
    run(read_interval(process.port(), interval));
    process.send_signal(SIGTERM);
    BOOST_TEST(process.wait() == 0);
    return interval;
}

void check_refused(std::vector<std::string> arguments,
                   ServerProcess::Environment environment = {}) {
    const std::string what = fmt::format("{} {}", arguments.empty() ? "" : arguments.back(),
                                         environment.empty() ? "" : environment.back());
    // Should it start after all, it shall not take a port that someone uses.
    environment.push_back("CHAT_PORT=0");
    ServerProcess process(std::move(arguments), std::move(environment));
    BOOST_TEST(process.wait() == 2, what);
    const std::string& said = process.standard_error();
    BOOST_TEST(std::count(said.begin(), said.end(), '\n') == 1, what << ": " << said);
    BOOST_TEST(said.starts_with("chapter08: "), what << ": " << said);
    BOOST_TEST(process.standard_output().empty(), what);
}

awaitable<WebSocketClient> connect_from(std::string from, unsigned short port) {
    ConnectOptions options;
    options.from = std::move(from);
    return WebSocketClient::connect(port, "/ws", std::move(options));
}

/// With the eighth connection, while two WebSockets are open.
awaitable<void> check_admission(unsigned short port) {
    WebSocketClient third = co_await connect_from("127.0.0.1", port);
    co_await third.expect_close(1008, "Too many connections");
    WebSocketClient other = co_await connect_from("127.0.0.2", port);
    WebSocketClient fourth = co_await connect_from("127.0.0.3", port);
    co_await fourth.expect_close(1008, "Server is full");
    const HttpResponse ninth = co_await get(port, "/health");
    BOOST_TEST(ninth.status == 503U);
    const HttpResponse tenth = co_await get(port, "/health");
    BOOST_TEST(tenth.status == 429U);
}

awaitable<void> check_budget_out(unsigned short port) {
    const HttpResponse no_echo = co_await get(port, "/ws");
    BOOST_TEST(no_echo.status == 404U);
    const HttpResponse second = co_await get(port, "/health");
    BOOST_TEST(second.status == 429U);
}

awaitable<void> check_budget_in(unsigned short port) {
    for (int i = 0; i < 4; ++i) {
        const HttpResponse response = co_await get(port, "/health");
        BOOST_TEST(response.status == 200U);
    }
    const HttpResponse fifth = co_await get(port, "/health");
    BOOST_TEST(fifth.status == 429U);
}

/// So many WebSockets without a token find a place.
awaitable<void> check_places(unsigned short port, std::size_t places) {
    std::vector<WebSocketClient> clients;
    for (std::size_t i = 0; i < places; ++i) {
        clients.push_back(co_await connect_from("127.0.0.1", port));
    }
    WebSocketClient late = co_await connect_from("127.0.0.1", port);
    co_await late.expect_close(1008, "Server is full");
    for (WebSocketClient& client : clients) {
        co_await client.send_text("X");
        const std::string answer = co_await client.receive_text();
        BOOST_TEST(answer == "Echo: X");
    }
}

/// One option and how it shows that it works.
awaitable<void> check_effects(unsigned short port) {
    const HttpResponse status = co_await get(port, "/ws/status");
    const auto status_body = status.json();
    BOOST_TEST(status_body.at("heartbeat_timeout").to_number<double>() == 7.5);
    const HttpResponse page = co_await get(port, "/chat");
    BOOST_TEST(page.body == "<p>mine");
    const HttpResponse docs = co_await get(port, "/docs");
    BOOST_TEST(docs.status == 503U);
    const HttpResponse too_large = co_await get(port, "/" + std::string(300, 'x'));
    BOOST_TEST(too_large.status == 431U);
    const HttpResponse too_late = co_await send_raw(port, "GET /");
    BOOST_TEST(too_late.status == 408U);
    WebSocketClient client = co_await WebSocketClient::connect(port, "/ws/chat/Alice/heartbeat");
    const auto welcome = co_await client.receive_json();
    BOOST_TEST(welcome.at("message").as_string() ==
               "Welcome to the chat room, Alice (heartbeat detection is on)!");
    BOOST_TEST(welcome.at("heartbeat_interval").to_number<double>() == 2.5);
    // A silent connection is pinged after half a second.
    WebSocketClient silent = co_await WebSocketClient::connect(port, "/ws");
    const Frame ping = co_await silent.receive();
    BOOST_TEST(ping.opcode == opcode::ping);
    co_await check_admission(port);
    co_await client.send_text(std::string(101, ' '));
    Frame frame = co_await client.receive();
    while (frame.opcode == opcode::ping) {
        frame = co_await client.receive();
    }
    BOOST_TEST(frame.payload.starts_with(close_payload(1009)));
    // It does not answer, and is not waited for.
    const auto begin = std::chrono::steady_clock::now();
    co_await client.tcp().read_to_end();
    BOOST_TEST((std::chrono::steady_clock::now() - begin < 5s));
}

struct Everything {
    Everything() { directory.write("static/chat.html", "<p>mine"); }

    std::vector<std::pair<std::string, std::string>> settings() const {
        return {{"host", "127.0.0.1"},
                {"port", "0"},
                {"log-level", "info"},
                {"locale", "en"},
                {"heartbeat-interval", "2.5"},
                {"heartbeat-timeout", "7.5"},
                {"ws-ping-interval", "0.5"},
                {"max-message-bytes", "100"},
                {"outbox-limit", "4096"},
                {"shutdown-timeout", "1"},
                {"request-timeout", "0.3"},
                {"max-head-bytes", "300"},
                {"handshake-timeout", "0.2"},
                {"max-connections", "3"},
                {"max-connections-per-address", "2"},
                {"connection-rate", "0.01"},
                {"connection-burst", "9"},
                {"static-dir", (directory.path() / "static").string()},
                {"swagger-ui-dir", (directory.path() / "static").string()}};
    }

    void check(std::vector<std::string> arguments,
               ServerProcess::Environment environment = {}) const {
        ServerProcess process(std::move(arguments), std::move(environment));
        run(check_effects(process.port()));
        process.send_signal(SIGTERM);
        BOOST_TEST(process.wait() == 0);
    }

    TemporaryDirectory directory;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(settings, Everything)

BOOST_AUTO_TEST_CASE(each_is_taken_from_the_command_line) {
    std::vector<std::string> arguments;
    for (const auto& [name, value] : settings()) {
        arguments.insert(arguments.end(), {"--" + name, value});
    }
    check(arguments);
}

BOOST_AUTO_TEST_CASE(each_is_taken_from_the_environment) {
    ServerProcess::Environment environment;
    for (auto [name, value] : settings()) {
        std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
            return c == '-' ? '_' : static_cast<char>(std::toupper(c));
        });
        environment.push_back("CHAT_" + name + "=" + value);
    }
    check({}, environment);
}

BOOST_AUTO_TEST_CASE(each_is_taken_from_a_file) {
    std::string toml;
    for (const auto& [name, value] : settings()) {
        toml += fmt::format("{} = \"{}\"\n", name, value);
    }
    const std::string file = directory.write("chat.toml", toml).string();
    check({"--config", file});
    check({}, {"CHAT_CONFIG=" + file});
}

BOOST_AUTO_TEST_CASE(what_a_client_may_cost_is_taken_from_anywhere) {
    for (const bool by_environment : {false, true}) {
        std::vector<std::string> arguments{"--port", "0", "--no-echo"};
        ServerProcess::Environment environment;
        if (by_environment) {
            arguments = {"--port", "0"};
            environment = {"CHAT_NO_ECHO=true", "CHAT_CLIENT_RATE_OUT=1",
                           "CHAT_CLIENT_BURST_OUT=1024"};
        } else {
            arguments.insert(arguments.end(),
                             {"--client-rate-out", "1", "--client-burst-out", "1024"});
        }
        ServerProcess process(std::move(arguments), std::move(environment));
        run(check_budget_out(process.port()));
    }
    ServerProcess process({"--port", "0", "--client-rate-in", "1", "--client-burst-in", "1024"});
    run(check_budget_in(process.port()));
}

BOOST_AUTO_TEST_CASE(the_time_to_drain_is_taken_from_anywhere) {
    const std::string file = directory.write("chat.toml", "drain-time = 3600\n").string();
    const std::vector<std::pair<std::vector<std::string>, ServerProcess::Environment>> cases{
        {{"--drain-time", "3600"}, {}}, {{}, {"CHAT_DRAIN_TIME=3600"}}, {{"--config", file}, {}}};
    for (const auto& [arguments, environment] : cases) {
        std::vector<std::string> all{"--port", "0"};
        all.insert(all.end(), arguments.begin(), arguments.end());
        ServerProcess process(std::move(all), environment);
        process.port();
        process.send_signal(SIGTERM);
        process.wait_for("(draining for 3600 s)");
    }
}

BOOST_AUTO_TEST_CASE(places_are_kept_for_tokens_a_tenth_by_default) {
    const std::string secret = directory.write("secret", std::string(32, 's')).string();
    const std::vector<std::string> limits{"--port", "0", "--max-connections", "10"};
    const std::vector<std::pair<std::vector<std::string>, std::size_t>> cases{
        {{}, 10},
        {{"--jwt-secret-file", secret}, 9},
        {{"--jwt-secret-file", secret, "--reserved-connections", "4"}, 6}};
    for (const auto& [more, places] : cases) {
        std::vector<std::string> arguments = limits;
        arguments.insert(arguments.end(), more.begin(), more.end());
        ServerProcess process(std::move(arguments));
        run(check_places(process.port(), places));
    }
}

BOOST_AUTO_TEST_CASE(the_command_line_outweighs_the_environment_and_that_the_file) {
    const std::string file = directory.write("chat.toml", "heartbeat-interval = 3\n").string();
    const std::string variable = "CHAT_HEARTBEAT_INTERVAL=2";
    BOOST_TEST(heartbeat_interval({}, {}) == 10.0);
    BOOST_TEST(heartbeat_interval({"--config", file}, {}) == 3.0);
    BOOST_TEST(heartbeat_interval({"--config", file}, {variable}) == 2.0);
    BOOST_TEST(heartbeat_interval({"--config", file, "--heartbeat-interval", "1"}, {variable}) ==
               1.0);
}

BOOST_AUTO_TEST_CASE(a_bad_value_is_one_line_and_2) {
    check_refused({"--port", "x"});
    check_refused({"--port", "-1"});
    check_refused({"--port", "65536"});
    check_refused({"--port", "80.5"});
    check_refused({"--port"});
    check_refused({"--log-level", "loud"});
    check_refused({"--locale", "tlh"});
    check_refused({"--heartbeat-interval", "0"});
    check_refused({"--heartbeat-interval", "-1"});
    check_refused({"--heartbeat-interval", "nan"});
    check_refused({"--heartbeat-interval", "inf"});
    check_refused({"--heartbeat-interval", "10s"});
    check_refused({"--heartbeat-timeout", "soon"});
    check_refused({"--ws-ping-interval", "0"});
    check_refused({"--max-message-bytes", "0"});
    check_refused({"--max-message-bytes", "-1"});
    check_refused({"--max-message-bytes", "99999999999999999999"});
    check_refused({"--outbox-limit", "1"});
    check_refused({"--shutdown-timeout", "-0.1"});
    check_refused({"--drain-time", "-1"});
    check_refused({"--drain-time", "nan"});
    check_refused({"--workers", "-1"});
    check_refused({"--workers", "257"});
    check_refused({"--workers", "many"});
    check_refused({"--max-connections", "-1"});
    check_refused({"--max-connections", "many"});
    check_refused({"--max-connections-per-address", "-1"});
    check_refused({"--reserved-connections", "-1"});
    check_refused({"--client-rate-in", "nan"});
    check_refused({"--client-rate-in", "0.5"});
    check_refused({"--client-rate-out", "-1"});
    check_refused({"--client-rate-out", "2e9"});
    check_refused({"--client-burst-in", "1023"});
    check_refused({"--client-burst-out", "0"});
    check_refused({"--connection-rate", "-1"});
    check_refused({"--connection-rate", "nan"});
    check_refused({"--request-rate", "nan"});
    check_refused({"--message-rate", "nan"});
    check_refused({"--connection-rate", "1e9"});
    check_refused({"--connection-rate", "0.0001"});
    check_refused({"--connection-burst", "0"});
    check_refused({"--allow-origin", "example.org"});
    check_refused({"--allow-origin", "https://example.org/chat"});
    check_refused({"--allow-origin", "https://example.org,null"});
    check_refused({"--allow-origin"});
    check_refused({"--request-timeout", "0"});
    check_refused({"--max-head-bytes", "1"});
    check_refused({"--handshake-timeout", "0"});
    check_refused({"--static-dir", "/no/such/folder"});
    check_refused({"--swagger-ui-dir"});
}

BOOST_AUTO_TEST_CASE(a_bad_value_in_the_environment_is_one_line_and_2) {
    check_refused({}, {"CHAT_PORT=x"});
    check_refused({}, {"CHAT_LOCALE=tlh"});
    check_refused({}, {"CHAT_ALLOW_ORIGIN=example.org"});
    check_refused({}, {"CHAT_HEARTBEAT_TIMEOUT=soon"});
}

BOOST_AUTO_TEST_CASE(a_bad_file_is_one_line_and_2) {
    const auto file = [this](std::string_view content) {
        return directory.write("bad.toml", content).string();
    };
    check_refused({"--config", file("heartbeat-interval = \"x\"\n")});
    check_refused({"--config", file("no-such-setting = 1\n")});
    check_refused({"--config", (directory.path() / "missing.toml").string()});
}

BOOST_AUTO_TEST_CASE(an_unknown_option_is_one_line_and_2) {
    check_refused({"--no-such-option"});
    check_refused({"stray"});
}

BOOST_AUTO_TEST_CASE(help_lists_every_setting_with_its_default) {
    ServerProcess process({"--help"});
    BOOST_TEST(process.wait() == 0);
    const std::string& help = process.standard_output();
    for (const auto& [name, value] : settings()) {
        BOOST_TEST(help.find("--" + name) != std::string::npos, name);
    }
    for (const char* const text : {"8000", "127.0.0.1", "zh-TW", "CHAT_PORT", "65536", "1048576"}) {
        BOOST_TEST(help.find(text) != std::string::npos, text);
    }
    BOOST_TEST(process.standard_error().empty());
}

BOOST_AUTO_TEST_CASE(the_version_is_told) {
    ServerProcess process({"--version"});
    BOOST_TEST(process.wait() == 0);
    BOOST_TEST(process.standard_output().starts_with("chapter08 "));
}

BOOST_AUTO_TEST_SUITE_END()
