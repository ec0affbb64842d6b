// The limits of the layer, each hit through a real socket: what the client sees, what is counted,
// and that the others go on.
#include "beastapi/asyncio.hpp"
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <vector>

using namespace test;
using std::chrono::steady_clock;

namespace {

template <class Field, class Value>
TestServerOptions with(Field field, Value value) {
    TestServerOptions options = quiet();
    options.server.*field = value;
    return options;
}

TestServerOptions three_in_all() {
    return with(&beastapi::ServerSettings::max_connections, 3U);
}

TestServerOptions two_of_an_address() {
    return with(&beastapi::ServerSettings::max_connections_per_address, 2U);
}

TestServerOptions so_many_requests(double rate, std::uint32_t burst) {
    TestServerOptions options = quiet();
    options.server.request_rate = rate;
    options.server.request_burst = burst;
    return options;
}

TestServerOptions so_fast(double rate, std::uint32_t burst) {
    TestServerOptions options = quiet();
    options.server.connection_rate = rate;
    options.server.connection_burst = burst;
    return options;
}

awaitable<WebSocketClient> connect_from(TestServer& server, std::string from,
                                        std::string target = "/ws", std::string headers = {}) {
    ConnectOptions options;
    options.from = std::move(from);
    options.headers = std::move(headers);
    return WebSocketClient::connect(server.port(), std::move(target), std::move(options));
}

awaitable<void> expect_echo(WebSocketClient& client) {
    co_await client.send_text("X");
    const std::string answer = co_await client.receive_text();
    BOOST_TEST(answer == "Echo: X");
}

awaitable<TcpClient> tcp_from(TestServer& server, std::string from) {
    TcpOptions options;
    options.from = std::move(from);
    return TcpClient::connect(server.port(), std::move(options));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(limits)

SERVER_TEST(a_full_server_says_so_and_serves_those_it_has, three_in_all()) {
    std::vector<WebSocketClient> clients;
    clients.reserve(3);
    for (int i = 1; i <= 3; ++i) {
        clients.push_back(co_await connect_from(server, fmt::format("127.0.0.{}", i)));
    }
    for (int i = 0; i < 5; ++i) {
        WebSocketClient late = co_await connect_from(server, "127.0.0.4", "/ws/chat/Late");
        co_await late.expect_close(1008, "Server is full");
    }
    BOOST_TEST(server.refusals().of("server_full") == 5U);
    BOOST_TEST(server.manager().get_connection_count() == 0U);
    for (WebSocketClient& client : clients) {
        co_await expect_echo(client);
    }
    const HttpResponse status = co_await get(server.port(), "/ws/status");
    BOOST_TEST(status.status == 503U);
    BOOST_TEST(status.body == R"({"detail":"Server is full"})");
    BOOST_TEST(status.header("retry-after") == "1");
    BOOST_TEST(status.header("connection") == "close");
    BOOST_TEST(server.refusals().of("server_full") == 6U);
}

SERVER_TEST(who_leaves_a_full_server_makes_room, three_in_all()) {
    std::vector<WebSocketClient> clients;
    clients.reserve(3);
    for (int i = 0; i < 3; ++i) {
        clients.push_back(co_await server.connect("/ws"));
    }
    for (int i = 0; i < 6; ++i) {
        if (i % 2 == 0) {
            co_await clients.back().close();
        } else {
            clients.back().tear();
        }
        clients.pop_back();
        co_await server.until_sessions(2);
        clients.push_back(co_await server.connect("/ws"));
        co_await expect_echo(clients.back());
    }
    BOOST_TEST(server.refusals().of("server_full") == 0U);
}

SERVER_TEST(a_rejected_handshake_takes_no_place, three_in_all()) {
    for (int i = 0; i < 10; ++i) {
        const HttpResponse nowhere =
            co_await send_raw(server.port(), handshake_request("/nowhere"));
        BOOST_TEST(nowhere.status == 404U);
        const HttpResponse plain = co_await get(server.port(), "/ws");
        BOOST_TEST(plain.status == 426U);
    }
    WebSocketClient client = co_await server.connect("/ws");
    co_await expect_echo(client);
}

SERVER_TEST(an_address_gets_its_share_and_no_more, two_of_an_address()) {
    WebSocketClient one = co_await connect_from(server, "127.0.0.2");
    WebSocketClient two = co_await connect_from(server, "127.0.0.2");
    WebSocketClient three = co_await connect_from(server, "127.0.0.2", "/ws/chat/Three");
    co_await three.expect_close(1008, "Too many connections");
    BOOST_TEST(server.refusals().of("address_full") == 1U);
    WebSocketClient other = co_await connect_from(server, "127.0.0.3");
    co_await expect_echo(other);
    co_await two.close();
    co_await server.until_sessions(2);
    WebSocketClient again = co_await connect_from(server, "127.0.0.2");
    co_await expect_echo(again);
    co_await expect_echo(one);
}

SERVER_TEST(who_offers_subprotocols_can_read_why_it_is_refused, two_of_an_address()) {
    WebSocketClient one = co_await server.connect("/ws");
    WebSocketClient two = co_await server.connect("/ws");
    WebSocketClient three = co_await connect_from(server, "127.0.0.1", "/ws/chat",
                                                  "Sec-WebSocket-Protocol: bearer, a.b.c\r\n");
    BOOST_TEST(three.response().header("sec-websocket-protocol") == "bearer");
    co_await three.expect_close(1008, "Too many connections");
}

SERVER_TEST(who_connects_too_often_is_answered_429_without_being_asked, so_fast(0.5, 5)) {
    std::vector<TcpClient> clients;
    clients.reserve(5);
    for (int i = 0; i < 5; ++i) {
        clients.push_back(co_await tcp_from(server, "127.0.0.2"));
    }
    TcpClient sixth = co_await tcp_from(server, "127.0.0.2");
    const auto begin = steady_clock::now();
    const HttpResponse response = co_await read_response(sixth);
    BOOST_TEST(response.status == 429U);
    BOOST_TEST(response.body == R"({"detail":"Too Many Requests"})");
    BOOST_TEST(response.header("retry-after") == "2");
    BOOST_TEST(response.header("connection") == "close");
    const std::string rest = co_await sixth.read_to_end();
    BOOST_TEST(rest.empty());
    BOOST_TEST((steady_clock::now() - begin < 5s));
    // It need not go: it is hung up on.
    co_await server.until_sessions(5);
    BOOST_TEST(server.refusals().of("connection_rate") == 1U);
    // Another address is served, and so are those that are there.
    const HttpResponse other = co_await get(server.port(), "/ws/status");
    BOOST_TEST(other.status == 200U);
    co_await send_request(clients.front(), "GET", "/ws/status");
    const HttpResponse served = co_await read_response(clients.front());
    BOOST_TEST(served.status == 200U);
}

SERVER_TEST(who_sends_its_request_with_the_connection_can_read_the_429, so_fast(0.001, 1)) {
    TcpClient first = co_await TcpClient::connect(server.port());
    for (int i = 0; i < 20; ++i) {
        const HttpResponse response = co_await get(server.port(), "/ws/status");
        BOOST_TEST(response.status == 429U);
    }
    BOOST_TEST(server.refusals().of("connection_rate") == 20U);
}

SERVER_TEST(who_waits_as_long_as_told_is_served, so_fast(2, 1)) {
    HttpResponse response = co_await get(server.port(), "/ws/status");
    BOOST_TEST(response.status == 200U);
    response = co_await get(server.port(), "/ws/status");
    BOOST_TEST_REQUIRE(response.status == 429U);
    BOOST_TEST(response.header("retry-after") == "1");
    co_await beastapi::asyncio::sleep(1s);
    response = co_await get(server.port(), "/ws/status");
    BOOST_TEST(response.status == 200U);
}

SERVER_TEST(who_asks_too_often_over_one_connection_is_answered_429_and_hung_up_on,
            so_many_requests(0.5, 3)) {
    TcpClient client = co_await tcp_from(server, "127.0.0.2");
    for (int i = 0; i < 3; ++i) {
        co_await send_request(client, "GET", "/ws/status");
        const HttpResponse served = co_await read_response(client);
        BOOST_TEST(served.status == 200U);
    }
    co_await send_request(client, "GET", "/ws/status");
    const HttpResponse refused = co_await read_response(client);
    BOOST_TEST(refused.status == 429U);
    BOOST_TEST(refused.header("retry-after") == "2");
    BOOST_TEST(refused.header("connection") == "close");
    BOOST_TEST(server.refusals().of("request_rate") == 1U);
    // Handshakes do not count, and another address has a bucket of its own.
    WebSocketClient chat = co_await server.connect("/ws");
    co_await expect_echo(chat);
    const HttpResponse other = co_await get(server.port(), "/ws/status");
    BOOST_TEST(other.status == 200U);
}

SERVER_TEST(a_flood_of_connections_is_turned_away_and_leaves_nothing, so_fast(1, 10)) {
    WebSocketClient neighbour = co_await server.connect("/ws");
    std::vector<TcpClient> flood;
    flood.reserve(500);
    for (int i = 0; i < 500; ++i) {
        flood.push_back(co_await tcp_from(server, "127.0.0.2"));
        if (i % 100 == 0) {
            co_await expect_echo(neighbour);
        }
    }
    // None of them goes by itself, and yet few are left at once, and in a second none.
    const auto few_are_left = [&server] { return server.session_count() <= 120; };
    co_await until(few_are_left, "the flood to be hung up on");
    const auto none_is_left = [&server] { return server.session_count() <= 15; };
    co_await until(none_is_left, "the last of the flood to be hung up on");
    BOOST_TEST(server.refusals().of("connection_rate") >= 480U);
    co_await expect_echo(neighbour);
}

SERVER_TEST(a_head_too_large_is_answered_431,
            with(&beastapi::ServerSettings::max_head_bytes, 1000U)) {
    const HttpResponse fits =
        co_await get(server.port(), "/ws/status", "X: " + std::string(800, 'x') + "\r\n");
    BOOST_TEST(fits.status == 200U);
    BOOST_TEST(server.refusals().of("head_too_large") == 0U);
    const HttpResponse too_large =
        co_await get(server.port(), "/ws/status", "X: " + std::string(1000, 'x') + "\r\n");
    BOOST_TEST(too_large.status == 431U);
    BOOST_TEST(server.refusals().of("head_too_large") == 1U);
}

SERVER_TEST(a_late_request_is_counted_and_an_idle_client_is_not,
            with(&beastapi::ServerSettings::request_timeout, 100ms)) {
    const HttpResponse half = co_await send_raw(server.port(), "GET / HTTP/1.1\r\n");
    BOOST_TEST(half.status == 408U);
    BOOST_TEST(server.refusals().of("request_timeout") == 1U);
    TcpClient silent = co_await TcpClient::connect(server.port());
    co_await silent.read_to_end();
    BOOST_TEST(server.refusals().of("request_timeout") == 2U);
    // Served, and without another wish: as every browser.
    TcpClient idle = co_await TcpClient::connect(server.port());
    co_await send_request(idle, "GET", "/ws/status");
    co_await read_response(idle);
    co_await idle.read_to_end();
    BOOST_TEST(server.refusals().of("request_timeout") == 2U);
    TcpClient later = co_await TcpClient::connect(server.port());
    co_await send_request(later, "GET", "/ws/status");
    co_await read_response(later);
    co_await later.send("GET / HT");
    const HttpResponse late = co_await read_response(later);
    BOOST_TEST(late.status == 408U);
    BOOST_TEST(server.refusals().of("request_timeout") == 3U);
}

SERVER_TEST(who_does_not_answer_a_close_is_torn_off_when_its_time_is_up,
            with(&beastapi::ServerSettings::handshake_timeout, 200ms)) {
    WebSocketClient client = co_await server.connect("/ws/chat/%20");
    const Frame goodbye = co_await client.receive();
    BOOST_TEST(goodbye.payload == close_payload(1008, "Invalid username"));
    const auto begin = steady_clock::now();
    const std::string rest = co_await client.tcp().read_to_end();
    BOOST_TEST(rest.empty());
    BOOST_TEST((steady_clock::now() - begin < 5s));
    co_await server.until_sessions(0);
    BOOST_TEST(server.refusals().of("handshake_timeout") == 1U);
}

SERVER_TEST(who_answers_a_close_is_not_counted,
            with(&beastapi::ServerSettings::handshake_timeout, 200ms)) {
    WebSocketClient client = co_await server.connect("/ws/chat/%20");
    co_await client.expect_close(1008, "Invalid username");
    co_await server.until_sessions(0);
    BOOST_TEST(server.refusals().by_reason().empty());
}

SERVER_TEST(a_message_too_big_is_counted,
            with(&beastapi::ServerSettings::max_message_bytes, 100U)) {
    WebSocketClient client = co_await server.connect("/ws");
    co_await client.send_text(std::string(101, 'x'));
    co_await client.expect_close(1009);
    BOOST_TEST(server.refusals().of("message_too_big") == 1U);
    // What the client calls too big is its own affair.
    WebSocketClient picky = co_await server.connect("/ws");
    co_await picky.close(1009);
    BOOST_TEST(server.refusals().of("message_too_big") == 1U);
}

SERVER_TEST(a_slow_consumer_is_counted_once, with(&beastapi::ServerSettings::send_timeout,
                                                  std::chrono::steady_clock::duration(500ms))) {
    WebSocketClient alice = co_await server.join("Alice");
    ConnectOptions slow;
    slow.receive_buffer = 4096;
    WebSocketClient stuck =
        co_await WebSocketClient::connect(server.port(), "/ws/chat/Stuck", slow);
    co_await alice.receive_json();
    const std::string frame = R"({"message":")" + std::string(16 * 1024, 'x') + R"("})";
    bool left = false;
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!left && std::chrono::steady_clock::now() < end) {
        co_await alice.send_text(frame);
        const auto heard = co_await alice.receive_json();
        left = heard.at("type").as_string() == "system";
    }
    BOOST_TEST(left);
    BOOST_TEST(server.refusals().of("slow_consumer") == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
