// A reader that stops reading: it is found out and closed, and nobody else notices.
#include "beastapi/asyncio.hpp"
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <fstream>

using namespace test;
using beastapi::WebSocket;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t limit = 256 * 1024;

TestServerOptions with_a_small_outbox() {
    TestServerOptions options = quiet();
    options.server.outbox_limit = limit;
    options.server.send_timeout = 500ms;
    return options;
}

// The readers of these tests have a small receive buffer, and the server lets the system take
// 128 KiB beyond what it can send.
constexpr std::size_t most_in_the_system = 512 * 1024;

/// Sends text after text that is in no log, whether anybody reads it or not.
awaitable<void> flood(WebSocket websocket) {
    const std::string text(16 * 1024, 'x');
    co_await websocket.accept();
    while (websocket.connected()) {
        websocket.post_text(text);
        co_await beastapi::asyncio::sleep(0ms);
    }
}

/// Readers are judged by bytes: the machine would have to be very slow for the time to count.
TestServerOptions with_a_flood_and_a_limit_of(std::size_t bytes) {
    TestServerOptions options = quiet();
    options.server.outbox_limit = bytes;
    options.server.send_timeout = 60s;
    options.set_up = [](beastapi::App& app, chat::Chat&) { app.websocket("/flood", flood); };
    return options;
}

/// What the system may hold for one connection beyond the outbox: the server's send buffer and the
/// client's receive buffer, at their largest.
std::size_t kernel_buffers() {
    std::size_t sum = 0;
    for (const char* const file : {"/proc/sys/net/ipv4/tcp_wmem", "/proc/sys/net/ipv4/tcp_rmem"}) {
        std::ifstream in(file);
        std::size_t smallest = 0;
        std::size_t usual = 0;
        std::size_t largest = 0;
        in >> smallest >> usual >> largest;
        BOOST_TEST_REQUIRE(largest > 0U);
        sum += largest;
    }
    return sum;
}

/// A member who reads nothing but the welcome.
awaitable<WebSocketClient> join_and_stop_reading(TestServer& server, std::string target) {
    ConnectOptions options;
    options.receive_buffer = 4096;
    WebSocketClient client =
        co_await WebSocketClient::connect(server.port(), std::move(target), options);
    const auto welcome = co_await client.receive_json();
    BOOST_TEST(welcome.at("event").as_string() == "welcome");
    co_return client;
}

/// The bytes of the texts that `client` gets before the server closes it.
awaitable<std::size_t> count_bytes_until_close(WebSocketClient& client) {
    std::size_t bytes = 0;
    Frame frame = co_await client.receive();
    while (frame.opcode == opcode::text) {
        bytes += frame.payload.size();
        frame = co_await client.receive();
    }
    BOOST_TEST(frame.opcode == opcode::close);
    BOOST_TEST(frame.payload == close_payload(1013, "Slow consumer"));
    co_return bytes;
}

/// Broadcasts by `sender`, until the first leave notice comes; returns each round trip.
awaitable<std::vector<steady_clock::duration>> talk_until_someone_leaves(WebSocketClient& sender) {
    std::vector<steady_clock::duration> round_trips;
    const std::string frame = R"({"message":")" + std::string(16 * 1024, 'x') + R"("})";
    bool left = false;
    const auto end = steady_clock::now() + 20s;
    while (!left) {
        const auto begin = steady_clock::now();
        BOOST_TEST_REQUIRE((begin < end), "nobody was found out");
        co_await sender.send_text(frame);
        auto heard = co_await sender.receive_json();
        if (heard.at("type").as_string() == "system") {
            BOOST_TEST(heard.at("event").as_string() == "leave");
            left = true;
            heard = co_await sender.receive_json();
        }
        BOOST_TEST(heard.at("type").as_string() == "message");
        round_trips.push_back(steady_clock::now() - begin);
    }
    co_return round_trips;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(slow_consumer)

SERVER_TEST(it_delays_nobody_and_is_announced_once, with_a_small_outbox()) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient stuck = co_await join_and_stop_reading(server, "/ws/chat/Stuck");
    co_await alice.receive_json();
    auto round_trips = co_await talk_until_someone_leaves(alice);
    std::sort(round_trips.begin(), round_trips.end());
    // A machine that is busy with other things may keep a few waiting for their turn; the stuck
    // one, if it held others up, would do so most of the time.
    const std::chrono::duration<double> most = round_trips[round_trips.size() * 9 / 10];
    BOOST_TEST(most.count() < 0.05);
    const std::chrono::duration<double> longest = round_trips.back();
    BOOST_TEST(longest.count() < 5.0);
    BOOST_TEST(!server.manager().is_connected("Stuck"));
    co_await alice.expect_nothing();
}

SERVER_TEST(it_gets_what_was_queued_and_then_1013, with_a_small_outbox()) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient stuck = co_await join_and_stop_reading(server, "/ws/chat/Stuck");
    co_await alice.receive_json();
    const auto round_trips = co_await talk_until_someone_leaves(alice);
    const std::size_t bytes = co_await count_bytes_until_close(stuck);
    BOOST_TEST(bytes < round_trips.size() * 16 * 1024);
    // The rest was in the log, and not in a queue.
    constexpr std::size_t high_water = 64 * 1024;
    constexpr std::size_t message = 17 * 1024;
    BOOST_TEST(bytes > high_water);
    BOOST_TEST(bytes < high_water + message + kernel_buffers());
}

SERVER_TEST(it_is_closed_at_sixteen_times_the_limit, with_a_flood_and_a_limit_of(32U * 1024)) {
    constexpr std::size_t most = 16 * 32 * 1024;
    constexpr std::size_t message = 17 * 1024;
    ConnectOptions options;
    options.receive_buffer = 4096;
    WebSocketClient stuck = co_await WebSocketClient::connect(server.port(), "/flood", options);
    const auto is_found_out = [&server] { return server.refusals().of("slow_consumer") == 1U; };
    co_await until(is_found_out, "the reader to be found out");
    const std::size_t bytes = co_await count_bytes_until_close(stuck);
    BOOST_TEST(bytes > most - message);
    BOOST_TEST(bytes < most + most_in_the_system);
}

SERVER_TEST(one_that_never_reads_again_is_torn_off, with_a_small_outbox()) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient stuck = co_await join_and_stop_reading(server, "/ws/chat/Stuck");
    co_await alice.receive_json();
    co_await talk_until_someone_leaves(alice);
    // It has the time of the closing handshake, 10 s, to read on.
    co_await server.until_sessions(1);
}

SERVER_TEST(it_is_found_out_on_every_chat_endpoint, with_a_small_outbox()) {
    for (const std::string target : {"/ws/chat", "/ws/chat/Stuck", "/ws/chat/Stuck/heartbeat"}) {
        WebSocketClient alice = co_await server.join("Alice");
        WebSocketClient stuck = co_await join_and_stop_reading(server, target);
        co_await alice.receive_json();
        co_await talk_until_someone_leaves(alice);
        BOOST_TEST(server.manager().get_connection_count() == 1U, target);
        stuck.tear();
        co_await alice.close();
        co_await server.until_sessions(0);
    }
}

SERVER_TEST(several_at_once_are_all_found_out, with_a_small_outbox()) {
    WebSocketClient alice = co_await server.join("Alice");
    std::vector<WebSocketClient> stuck;
    stuck.reserve(5);
    for (int i = 0; i < 5; ++i) {
        stuck.push_back(co_await join_and_stop_reading(server, "/ws/chat/Stuck"));
    }
    co_await alice.receive_json();
    // One user, so one notice, when the last of them is closed.
    co_await talk_until_someone_leaves(alice);
    BOOST_TEST(server.manager().get_connection_count() == 1U);
    co_await alice.expect_nothing();
}

SERVER_TEST(a_private_message_to_it_is_bounded_too, with_a_small_outbox()) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient stuck = co_await join_and_stop_reading(server, "/ws/chat/Stuck");
    co_await alice.receive_json();
    const std::string frame =
        R"({"target_user":"Stuck","message":")" + std::string(16 * 1024, 'x') + R"("})";
    bool left = false;
    const auto end = steady_clock::now() + 20s;
    while (!left) {
        BOOST_TEST_REQUIRE((steady_clock::now() < end), "it was not found out");
        co_await alice.send_text(frame);
        const auto answer = co_await alice.receive_json();
        left = answer.at("type").as_string() == "system";
    }
    BOOST_TEST(!server.manager().is_connected("Stuck"));
}

SERVER_TEST(a_reader_that_is_slow_but_reads_stays, with_a_small_outbox()) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient slow = co_await join_and_stop_reading(server, "/ws/chat/Slow");
    co_await alice.receive_json();
    const std::string frame = R"({"message":")" + std::string(16 * 1024, 'x') + R"("})";
    for (int i = 0; i < 300; ++i) {
        co_await alice.send_text(frame);
        const auto heard = co_await alice.receive_json();
        BOOST_TEST_REQUIRE(heard.at("type").as_string() == "message");
        if (i >= 5) {
            // Always a few behind.
            const auto heard_late = co_await slow.receive_json();
            BOOST_TEST_REQUIRE(heard_late.at("type").as_string() == "message");
        }
    }
    BOOST_TEST(server.manager().is_connected("Slow"));
}

BOOST_AUTO_TEST_SUITE_END()
