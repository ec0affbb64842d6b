// What a client may cost: places, bytes that it sends, bytes that it causes, and answers that it
// does not read.
#include "beastapi/asyncio.hpp"
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <vector>

using namespace test;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t large = 1024 * 1024;

beastapi::awaitable<beastapi::Response> large_answer() {
    co_return beastapi::PlainTextResponse(std::string(large, 'x'));
}

TestServerOptions places(std::size_t in_all, std::size_t per_address, std::size_t reserved = 0) {
    TestServerOptions options = quiet();
    options.server.max_connections = in_all;
    options.server.max_connections_per_address = per_address;
    options.server.reserved_connections = reserved;
    options.set_up = [](beastapi::App& app, chat::Chat&) {
        app.set_reserved_for([](const beastapi::Request& request) {
            return request.headers.get("X-Known").has_value();
        });
    };
    return options;
}

TestServerOptions bytes_in(double rate, std::uint32_t burst) {
    TestServerOptions options = quiet();
    options.server.client_rate_in = rate;
    options.server.client_burst_in = burst;
    return options;
}

TestServerOptions bytes_out(double rate, std::uint32_t burst) {
    TestServerOptions options = quiet();
    options.server.client_rate_out = rate;
    options.server.client_burst_out = burst;
    options.set_up = [](beastapi::App& app, chat::Chat&) { app.get("/large", large_answer); };
    return options;
}

TestServerOptions answers_of_three_mebibytes() {
    TestServerOptions options = bytes_out(0, 1);
    options.server.max_answer_bytes_per_address = 3 * large;
    return options;
}

awaitable<TcpClient> tcp_from(TestServer& server, std::string from, int receive_buffer = 0) {
    TcpOptions options;
    options.from = std::move(from);
    options.receive_buffer = receive_buffer;
    return TcpClient::connect(server.port(), std::move(options));
}

awaitable<unsigned> status_from(TestServer& server, std::string from, std::string target) {
    TcpClient client = co_await tcp_from(server, std::move(from));
    co_await send_request(client, "GET", std::move(target));
    const HttpResponse response = co_await read_response(client);
    co_return response.status;
}

awaitable<WebSocketClient> connect_from(TestServer& server, std::string from,
                                        std::string headers = {}) {
    ConnectOptions options;
    options.from = std::move(from);
    options.headers = std::move(headers);
    return WebSocketClient::connect(server.port(), "/ws", std::move(options));
}

awaitable<void> expect_echo(WebSocketClient& client) {
    co_await client.send_text("X");
    const std::string answer = co_await client.receive_text();
    BOOST_TEST(answer == "Echo: X");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(budget)

SERVER_TEST(a_connection_that_waits_for_a_request_gives_way_to_a_new_one, places(0, 3)) {
    std::vector<TcpClient> idle;
    idle.reserve(3);
    for (int i = 0; i < 3; ++i) {
        idle.push_back(co_await tcp_from(server, "127.0.0.2"));
    }
    co_await server.until_sessions(3);
    co_await send_request(idle[0], "GET", "/ws/status");
    const HttpResponse served = co_await read_response(idle[0]);
    BOOST_TEST(served.status == 200U);
    // The one that has waited longest is the second now.
    const unsigned status = co_await status_from(server, "127.0.0.2", "/ws/status");
    BOOST_TEST(status == 200U);
    const std::string end = co_await idle[1].read_to_end();
    BOOST_TEST(end.empty());
    co_await send_request(idle[0], "GET", "/ws/status");
    const HttpResponse again = co_await read_response(idle[0]);
    BOOST_TEST(again.status == 200U);
    BOOST_TEST(server.refusals().by_reason().empty());
}

SERVER_TEST(half_a_request_gives_way_too_and_is_told_so, places(2, 0)) {
    TcpClient slow = co_await tcp_from(server, "127.0.0.2");
    co_await slow.send("GET /ws/status HTTP/1.1\r\nHost: loc");
    TcpClient idle = co_await tcp_from(server, "127.0.0.2");
    co_await server.until_sessions(2);
    const unsigned status = co_await status_from(server, "127.0.0.3", "/ws/status");
    BOOST_TEST(status == 200U);
    const HttpResponse told = co_await read_response(slow);
    BOOST_TEST(told.status == 503U);
    BOOST_TEST(told.header("retry-after") == "1");
    BOOST_TEST(server.refusals().of("server_full") == 1U);
}

SERVER_TEST(websockets_give_way_to_nobody, places(0, 2)) {
    WebSocketClient one = co_await connect_from(server, "127.0.0.2");
    WebSocketClient two = co_await connect_from(server, "127.0.0.2");
    TcpClient third = co_await tcp_from(server, "127.0.0.2");
    co_await send_request(third, "GET", "/ws/status");
    const HttpResponse refused = co_await read_response(third);
    BOOST_TEST(refused.status == 503U);
    BOOST_TEST(refused.body == R"({"detail":"Too many connections"})");
    BOOST_TEST(server.refusals().of("address_full") == 1U);
    const unsigned other = co_await status_from(server, "127.0.0.3", "/ws/status");
    BOOST_TEST(other == 200U);
    co_await expect_echo(one);
    co_await expect_echo(two);
}

SERVER_TEST(those_who_find_no_place_are_few_at_a_time_and_soon_gone, places(1, 0)) {
    WebSocketClient one = co_await connect_from(server, "127.0.0.2");
    std::vector<TcpClient> crowd;
    crowd.reserve(300);
    for (int i = 0; i < 300; ++i) {
        crowd.push_back(co_await tcp_from(server, "127.0.0.3"));
    }
    // None of them asks for anything, and none goes by itself.
    const auto few = [&server] { return server.session_count() <= 101; };
    co_await until(few, "most of the crowd to be hung up on");
    co_await server.until_sessions(1);
    const HttpResponse told = co_await read_response(crowd.back());
    BOOST_TEST(told.status == 503U);
    co_await expect_echo(one);
}

SERVER_TEST(a_place_is_kept_for_whom_it_is_kept_for, places(3, 0, 1)) {
    WebSocketClient one = co_await connect_from(server, "127.0.0.2");
    WebSocketClient two = co_await connect_from(server, "127.0.0.3");
    WebSocketClient late = co_await connect_from(server, "127.0.0.4");
    co_await late.expect_close(1008, "Server is full");
    const unsigned page = co_await status_from(server, "127.0.0.4", "/ws/status");
    BOOST_TEST(page == 503U);
    WebSocketClient known = co_await connect_from(server, "127.0.0.4", "X-Known: 1\r\n");
    co_await expect_echo(known);
    co_await one.close();
    co_await server.until_sessions(2);
    WebSocketClient free = co_await connect_from(server, "127.0.0.4");
    co_await expect_echo(free);
}

SERVER_TEST(idle_connections_do_not_hold_the_kept_places, places(3, 0, 1)) {
    WebSocketClient one = co_await connect_from(server, "127.0.0.2");
    WebSocketClient two = co_await connect_from(server, "127.0.0.2");
    TcpClient idle = co_await tcp_from(server, "127.0.0.2");
    co_await server.until_sessions(3);
    WebSocketClient known = co_await connect_from(server, "127.0.0.4", "X-Known: 1\r\n");
    co_await expect_echo(known);
    const std::string end = co_await idle.read_to_end();
    BOOST_TEST(end.empty());
}

SERVER_TEST(who_sends_too_much_is_read_more_slowly_and_loses_nothing, bytes_in(400'000, 20'000)) {
    WebSocketClient client = co_await server.connect("/ws");
    const std::string text(10'000, 'x');
    const auto begin = steady_clock::now();
    for (int i = 0; i < 40; ++i) {
        co_await client.send_text(text);
    }
    for (int i = 0; i < 40; ++i) {
        const std::string answer = co_await client.receive_text();
        BOOST_TEST((answer == "Echo: " + text));
    }
    // All but the burst, and what is read last, come at the rate.
    BOOST_TEST((steady_clock::now() - begin > 600ms));
    BOOST_TEST(server.refusals().of("bytes_in") >= 1U);
}

TestServerOptions bytes_in_and_quick_pings() {
    TestServerOptions options = bytes_in(5'000, 10'000);
    options.server.ping_interval = 50ms;
    return options;
}

SERVER_TEST(a_pause_that_begins_when_a_ping_is_due_ends_nevertheless, bytes_in_and_quick_pings()) {
    WebSocketClient client = co_await server.connect("/ws");
    co_await client.send_text(std::string(9'600, 'x'));
    co_await client.receive_text();
    // The loop is the server's, too: when it goes on, the ping is due, and the text is there.
    std::this_thread::sleep_for(100ms);
    Frame text;
    text.opcode = opcode::text;
    text.payload = std::string(1'000, 'x');
    client.tcp().send_now(encode(text));
    co_await client.receive_text();
    BOOST_TEST(server.refusals().of("bytes_in") >= 1U);
    co_await expect_echo(client);
}

SERVER_TEST(connecting_anew_does_not_fill_the_budget, bytes_in(100'000, 10'000)) {
    const std::string text(10'000, 'x');
    const auto begin = steady_clock::now();
    for (int i = 0; i < 10; ++i) {
        WebSocketClient client = co_await server.connect("/ws");
        co_await client.send_text(text);
        co_await client.receive_text();
        // Its next message has to wait.
        co_await client.send_text("X");
        co_await client.receive_text();
        client.tear();
    }
    BOOST_TEST((steady_clock::now() - begin > 850ms));
}

TestServerOptions frames(std::uint32_t rate, std::uint32_t burst) {
    return bytes_in(rate * 256, burst * 256 * 16);
}

SERVER_TEST(a_connection_that_comes_while_its_client_is_in_debt_waits_too, frames(50, 10)) {
    WebSocketClient loud = co_await connect_from(server, "127.0.0.2");
    Frame frame;
    frame.payload = "x";
    std::string burst;
    for (int i = 0; i < 60; ++i) {
        burst += encode(frame);
    }
    const auto begin = steady_clock::now();
    co_await loud.tcp().send(burst);
    co_await loud.receive_text();  // so all of them are read: a second's worth more than the burst
    WebSocketClient next = co_await connect_from(server, "127.0.0.2");
    // It isn't read before the client has paid, however little it sends.
    co_await expect_echo(next);
    BOOST_TEST((steady_clock::now() - begin > 1s));
}

SERVER_TEST(pings_cost_as_frames_do, bytes_in(10'000, 2'560)) {
    WebSocketClient client = co_await server.connect("/ws");
    const auto begin = steady_clock::now();
    Frame ping;
    ping.opcode = opcode::ping;
    for (int i = 0; i < 40; ++i) {
        co_await client.send(ping);
    }
    for (int i = 0; i < 40; ++i) {
        const Frame pong = co_await client.receive();
        BOOST_TEST(pong.opcode == opcode::pong);
    }
    co_await expect_echo(client);
    BOOST_TEST((steady_clock::now() - begin > 500ms));
}

SERVER_TEST(who_asks_for_too_much_is_answered_429_with_the_time_to_come_back,
            bytes_out(1'000, 3'000)) {
    for (int i = 0; i < 4; ++i) {
        const unsigned status = co_await status_from(server, "127.0.0.2", "/nowhere");
        BOOST_TEST(status == 404U);
    }
    const unsigned large_one = co_await status_from(server, "127.0.0.3", "/large");
    BOOST_TEST(large_one == 200U);
    TcpClient client = co_await tcp_from(server, "127.0.0.3");
    co_await send_request(client, "GET", "/nowhere");
    const HttpResponse refused = co_await read_response(client);
    BOOST_TEST(refused.status == 429U);
    // A mebibyte at 1,000 bytes a second, less what it may be late by.
    const int retry_after = std::stoi(refused.header("retry-after"));
    BOOST_TEST((retry_after > 1000 && retry_after < 1048));
    BOOST_TEST(server.refusals().of("bytes_out") == 1U);
    const unsigned other = co_await status_from(server, "127.0.0.4", "/nowhere");
    BOOST_TEST(other == 404U);
}

SERVER_TEST(a_little_too_much_is_answered_a_little_later, bytes_out(large, large)) {
    const auto begin = steady_clock::now();
    for (int i = 0; i < 2; ++i) {
        const unsigned status = co_await status_from(server, "127.0.0.2", "/large");
        BOOST_TEST(status == 200U);
    }
    BOOST_TEST((steady_clock::now() - begin > 900ms));
    BOOST_TEST(server.refusals().by_reason().empty());
}

SERVER_TEST(answers_that_nobody_reads_take_so_much_memory_and_no_more,
            answers_of_three_mebibytes()) {
    std::vector<TcpClient> readers;
    readers.reserve(20);
    for (int i = 0; i < 20; ++i) {
        readers.push_back(co_await tcp_from(server, "127.0.0.2", 4096));
        co_await send_request(readers.back(), "GET", "/large");
    }
    const auto refused = [&server] { return server.refusals().of("http_answers") >= 18U; };
    co_await until(refused, "all but two to be refused");
    BOOST_TEST(server.refusals().of("http_answers") == 18U);
    const HttpResponse told = co_await read_response(readers.back());
    BOOST_TEST(told.status == 503U);
    BOOST_TEST(told.header("retry-after") == "1");
    const unsigned other = co_await status_from(server, "127.0.0.3", "/large");
    BOOST_TEST(other == 200U);
    // When they have gone there is room again.
    readers.clear();
    co_await server.until_sessions(0);
    const unsigned again = co_await status_from(server, "127.0.0.2", "/large");
    BOOST_TEST(again == 200U);
}

BOOST_AUTO_TEST_SUITE_END()
