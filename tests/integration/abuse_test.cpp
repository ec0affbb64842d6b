// Clients that waste the server's time: they cost it little, and others nothing.
#include "beastapi/asyncio.hpp"
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>

using namespace test;
using std::chrono::steady_clock;

namespace {

TestServerOptions impatient() {
    TestServerOptions options = quiet();
    options.server.request_timeout = 150ms;
    return options;
}

/// Sends `bytes` one at a time, until they are all sent or the server has enough.
awaitable<void> drip(TcpClient& client, std::string bytes, std::chrono::milliseconds pause) {
    try {
        for (const char byte : bytes) {
            co_await client.send(std::string(1, byte));
            co_await beastapi::asyncio::sleep(pause);
        }
    } catch (const DeadlineExceeded&) {
        throw;
    } catch (const std::runtime_error&) {
        // The server hung up.
    }
}

awaitable<void> expect_swift_answers(WebSocketClient& client, int count) {
    for (int i = 0; i < count; ++i) {
        const auto begin = steady_clock::now();
        co_await client.send_text("X");
        const std::string answer = co_await client.receive_text();
        BOOST_TEST(answer == "Echo: X");
        BOOST_TEST((steady_clock::now() - begin < 1s));
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(abuse)

SERVER_TEST(half_a_request_is_answered_408_when_its_time_is_up, impatient()) {
    for (const std::string half :
         {"G", "GET / HTTP/1.1\r\n", "GET /ws HTTP/1.1\r\nUpgrade: webso",
          "GET /rooms HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf"}) {
        TcpClient client = co_await TcpClient::connect(server.port());
        const auto begin = steady_clock::now();
        co_await client.send(half);
        const HttpResponse response = co_await read_response(client);
        BOOST_TEST(response.status == 408U, half);
        BOOST_TEST(response.header("connection") == "close");
        const std::string rest = co_await client.read_to_end();
        BOOST_TEST(rest.empty());
        BOOST_TEST((steady_clock::now() - begin >= 150ms));
    }
}

SERVER_TEST(who_says_nothing_is_hung_up_on, impatient()) {
    TcpClient client = co_await TcpClient::connect(server.port());
    const std::string all = co_await client.read_to_end();
    BOOST_TEST(all.empty());
}

SERVER_TEST(who_says_nothing_more_is_hung_up_on, impatient()) {
    TcpClient client = co_await TcpClient::connect(server.port());
    co_await send_request(client, "GET", "/ws/status");
    const HttpResponse response = co_await read_response(client);
    BOOST_TEST(response.status == 200U);
    const std::string rest = co_await client.read_to_end();
    BOOST_TEST(rest.empty());
}

SERVER_TEST(a_request_byte_by_byte_is_cut_off_when_its_time_is_up, impatient()) {
    TcpClient client = co_await TcpClient::connect(server.port());
    WebSocketClient neighbour = co_await server.connect("/ws");
    const std::string endless = "GET / HTTP/1.1\r\nX: " + std::string(10'000, 'x');
    Task dripping = co_await Task::start(drip(client, endless, 5ms));
    co_await expect_swift_answers(neighbour, 50);
    const HttpResponse response = co_await read_response(client);
    BOOST_TEST(response.status == 408U);
    co_await client.read_to_end();
    client.tear();
    co_await dripping.join();
}

SERVER_TEST(a_slow_handshake_and_slow_frames_work_and_hold_nobody_up) {
    TcpClient client = co_await TcpClient::connect(server.port());
    WebSocketClient neighbour = co_await server.connect("/ws");
    Frame frame;
    frame.payload = "slow";
    Task dripping =
        co_await Task::start(drip(client, handshake_request("/ws") + encode(frame), 1ms));
    co_await expect_swift_answers(neighbour, 100);
    const HttpResponse response = co_await read_response(client);
    BOOST_TEST(response.status == 101U);
    const std::string answer = co_await client.read(12);
    BOOST_TEST(answer ==
               "\x81\x0a"
               "Echo: slow");
    co_await dripping.join();
}

SERVER_TEST(the_time_of_a_request_does_not_run_for_a_websocket, impatient()) {
    WebSocketClient client = co_await server.connect("/ws");
    co_await beastapi::asyncio::sleep(400ms);
    co_await expect_swift_answers(client, 1);
}

SERVER_TEST(hundreds_of_half_requests_hold_nobody_up_and_are_all_cut_off, impatient()) {
    WebSocketClient neighbour = co_await server.connect("/ws");
    std::vector<TcpClient> clients;
    clients.reserve(300);
    for (int i = 0; i < 300; ++i) {
        clients.push_back(co_await TcpClient::connect(server.port()));
        co_await clients.back().send("GET / HTTP/1.1\r\nHost: ");
    }
    co_await expect_swift_answers(neighbour, 50);
    for (TcpClient& client : clients) {
        const HttpResponse response = co_await read_response(client);
        BOOST_TEST(response.status == 408U);
    }
    clients.clear();
    co_await server.until_sessions(1);
}

SERVER_TEST(pings_without_end_from_one_who_does_not_read_are_bounded) {
    WebSocketClient neighbour = co_await server.connect("/ws");
    ConnectOptions options;
    options.receive_buffer = 4096;
    WebSocketClient flood = co_await WebSocketClient::connect(server.port(), "/ws", options);
    Frame ping;
    ping.opcode = opcode::ping;
    ping.payload = std::string(125, 'x');
    std::string many;
    for (int i = 0; i < 1000; ++i) {
        many += encode(ping);
    }
    // The server stops reading from it: at some time it cannot send any more.
    std::size_t sent = 0;
    bool blocked = false;
    while (!blocked && sent < 200) {
        Task sending = co_await Task::start(flood.tcp().send(many));
        const auto begin = steady_clock::now();
        bool done = false;
        while (!done && !blocked) {
            done = sending.has_ended();
            blocked = !done && steady_clock::now() - begin > 1s;
            co_await expect_swift_answers(neighbour, 1);
        }
        ++sent;
        if (blocked) {
            flood.tear();
            co_await beastapi::asyncio::settle(sending.join());
        }
    }
    BOOST_TEST(blocked, "the server took 27 MB of pings, and nobody read the answers");
}

SERVER_TEST(a_flood_of_connections_is_served_in_the_end) {
    std::vector<WebSocketClient> clients;
    clients.reserve(300);
    for (int i = 0; i < 300; ++i) {
        clients.push_back(co_await server.connect("/ws"));
    }
    for (WebSocketClient& client : clients) {
        co_await client.send_text("X");
    }
    for (WebSocketClient& client : clients) {
        const std::string answer = co_await client.receive_text();
        BOOST_TEST(answer == "Echo: X");
    }
}

BOOST_AUTO_TEST_SUITE_END()
