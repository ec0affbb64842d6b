// Pages of other origins: which may open a WebSocket and read the answers, and which may not.
#include "support/server_process.hpp"
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <csignal>

using namespace test;

namespace {

TestServerOptions listing(std::vector<std::string> origins) {
    TestServerOptions options = quiet();
    options.set_up = [origins = std::move(origins)](beastapi::App& app, chat::Chat&) {
        beastapi::CORSMiddleware cors;
        cors.allow_origins = origins;
        app.add_middleware(std::move(cors));
    };
    return options;
}

std::string handshake_from(std::string_view origin, std::string_view host) {
    return fmt::format(
        "GET /ws HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Origin: {}\r\n\r\n",
        host, origin);
}

awaitable<void> expect_allowed(unsigned short port, std::string_view origin,
                               std::string_view host = "localhost:8000") {
    const HttpResponse response = co_await send_raw(port, handshake_from(origin, host));
    BOOST_TEST(response.status == 101U, origin << " at " << host);
}

awaitable<void> expect_refused(unsigned short port, std::string_view origin,
                               std::string_view host = "localhost:8000") {
    const HttpResponse response = co_await send_raw(port, handshake_from(origin, host));
    BOOST_TEST(response.status == 403U, origin << " at " << host);
    BOOST_TEST(response.body == R"({"detail":"Origin not allowed"})");
    BOOST_TEST(response.header("access-control-allow-origin").empty());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(origin)

SERVER_TEST(the_servers_own_page_may_open_a_websocket) {
    co_await expect_allowed(server.port(), "http://localhost:8000");
    co_await expect_allowed(server.port(), "http://LOCALHOST:8000");
    co_await expect_allowed(server.port(), "https://chat.example", "chat.example");
    co_await expect_allowed(server.port(), "http://chat.example", "chat.example:80");
    co_await expect_allowed(server.port(), "http://[::1]:8000", "[::1]:8000");
    BOOST_TEST(server.refusals().of("origin") == 0U);
}

SERVER_TEST(another_page_may_not) {
    for (const char* const origin :
         {"http://evil.example", "http://localhost", "http://localhost:8001", "null",
          "http://localhost:8000.evil.example", "http://localhost:8000/", "x"}) {
        co_await expect_refused(server.port(), origin);
    }
    co_await expect_refused(server.port(), "", "");
    BOOST_TEST(server.refusals().of("origin") == 8U);
    BOOST_TEST(server.manager().get_connection_count() == 0U);
    co_await server.until_sessions(0);
}

SERVER_TEST(what_is_no_browser_may) {
    WebSocketClient client = co_await server.connect("/ws");
    co_await client.close();
}

SERVER_TEST(a_refused_page_is_hung_up_on_so_that_each_try_is_a_connection) {
    TcpClient client = co_await TcpClient::connect(server.port());
    co_await client.send(handshake_from("http://evil.example", "chat.example"));
    const HttpResponse refused = co_await read_response(client);
    BOOST_TEST(refused.status == 403U);
    BOOST_TEST(refused.header("connection") == "close");
    const std::string rest = co_await client.read_to_end();
    BOOST_TEST(rest.empty());
}

SERVER_TEST(a_page_of_a_listed_origin_may,
            listing({"https://friend.example", "http://other.example:8080"})) {
    co_await expect_allowed(server.port(), "https://friend.example");
    co_await expect_allowed(server.port(), "https://friend.example:443");
    co_await expect_allowed(server.port(), "http://other.example:8080");
    co_await expect_allowed(server.port(), "http://localhost:8000");
    co_await expect_refused(server.port(), "http://friend.example");
    co_await expect_refused(server.port(), "http://other.example");
    co_await expect_refused(server.port(), "null");
}

SERVER_TEST(with_a_star_every_page_may, listing({"*"})) {
    co_await expect_allowed(server.port(), "http://evil.example");
    co_await expect_allowed(server.port(), "null");
}

static awaitable<void> check_program(unsigned short port, bool all) {
    co_await expect_allowed(port, "https://a.example");
    co_await expect_allowed(port, "https://b.example:8443");
    const HttpResponse listed = co_await get(port, "/health", "Origin: https://a.example\r\n");
    BOOST_TEST(listed.header("access-control-allow-origin") == "https://a.example");
    const HttpResponse other = co_await get(port, "/health", "Origin: https://c.example\r\n");
    BOOST_TEST(other.status == 200U);
    if (all) {
        co_await expect_allowed(port, "https://c.example");
        BOOST_TEST(other.header("access-control-allow-origin") == "https://c.example");
    } else {
        co_await expect_refused(port, "https://c.example");
        BOOST_TEST(other.header("access-control-allow-origin").empty());
    }
}

static std::string log_of_program(std::vector<std::string> arguments,
                                  ServerProcess::Environment environment, bool all) {
    arguments.insert(arguments.end(), {"--port", "0"});
    ServerProcess process(std::move(arguments), std::move(environment));
    io_context context{1};
    test::run(context, check_program(process.port(), all));
    process.send_signal(SIGTERM);
    BOOST_TEST(process.wait() == 0);
    return process.standard_error();
}

BOOST_AUTO_TEST_CASE(the_program_takes_its_list_from_the_settings) {
    const std::string a = "https://a.example";
    const std::string b = "https://b.example:8443";
    for (const std::string& log :
         {log_of_program({"--allow-origin", a, "--allow-origin", b}, {}, false),
          log_of_program({"--allow-origin", a + "," + b}, {}, false),
          log_of_program({}, {"CHAT_ALLOW_ORIGIN=" + a + "," + b}, false)}) {
        BOOST_TEST(log.find("any page on the web") == std::string::npos, log);
    }
}

BOOST_AUTO_TEST_CASE(a_star_is_said_out_loud) {
    const std::string log = log_of_program({"--allow-origin", "*"}, {}, true);
    BOOST_TEST(log.find("[warning] any page on the web") != std::string::npos, log);
}

BOOST_AUTO_TEST_SUITE_END()
