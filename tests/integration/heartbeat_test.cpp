// The heartbeat that the application sees, and the protocol's own pings elsewhere.
#include "beastapi/asyncio.hpp"
#include "chat/timestamps.hpp"
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>

#include <thread>

using namespace test;
using std::chrono::steady_clock;

namespace {

TestServerOptions beating(steady_clock::duration interval, steady_clock::duration timeout) {
    TestServerOptions options = quiet();
    options.chat.heartbeat_interval = interval;
    options.chat.heartbeat_timeout = timeout;
    return options;
}

TestServerOptions pinging(steady_clock::duration interval) {
    TestServerOptions options = quiet();
    options.server.ping_interval = interval;
    return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(heartbeat)

SERVER_TEST(the_welcome_names_the_interval_in_seconds, beating(1500ms, 1h)) {
    WebSocketClient client = co_await server.connect("/ws/chat/Alice/heartbeat");
    const auto welcome = co_await client.receive_json();
    BOOST_TEST(welcome.at("message").as_string() ==
               "Welcome to the chat room, Alice (heartbeat detection is on)!");
    BOOST_TEST(welcome.at("heartbeat_interval").to_number<double>() == 1.5);
    BOOST_TEST(welcome.at("connected_users").as_array().size() == 1U);
    BOOST_TEST(welcome.at("connected_count").to_number<int>() == 1);
}

SERVER_TEST(a_ping_comes_each_interval, beating(20ms, 1h)) {
    const auto begin = steady_clock::now();
    WebSocketClient client = co_await server.join_with_heartbeat("Alice");
    for (int i = 1; i <= 3; ++i) {
        const auto ping = co_await client.receive_json();
        BOOST_TEST(ping.at("type").as_string() == "ping");
        BOOST_TEST(chat::is_rfc3339(std::string(ping.at("timestamp").as_string())));
        BOOST_TEST(ping.size() == 2U);
        BOOST_TEST((steady_clock::now() - begin >= i * 20ms));
    }
}

SERVER_TEST(who_says_nothing_is_closed_with_1008_and_announced, beating(1h, 100ms)) {
    WebSocketClient bob = co_await server.join("Bob");
    const auto begin = steady_clock::now();
    WebSocketClient alice = co_await server.join_with_heartbeat("Alice");
    co_await bob.receive_json();
    co_await alice.expect_close(1008, "Heartbeat timeout");
    BOOST_TEST((steady_clock::now() - begin >= 100ms));
    const auto leave = co_await bob.receive_json();
    BOOST_TEST(leave.at("event").as_string() == "leave");
    BOOST_TEST(leave.at("username").as_string() == "Alice");
    co_await bob.expect_nothing();
}

SERVER_TEST(who_does_not_even_answer_the_close_is_announced_at_once, beating(1h, 50ms)) {
    WebSocketClient bob = co_await server.join("Bob");
    WebSocketClient alice = co_await server.join_with_heartbeat("Alice");
    co_await bob.receive_json();
    const auto leave = co_await bob.receive_json();
    BOOST_TEST(leave.at("event").as_string() == "leave");
    BOOST_TEST(!server.manager().is_connected("Alice"));
    // Only now does she look at what came.
    co_await alice.expect_close(1008, "Heartbeat timeout");
}

static awaitable<void> answer_pings(WebSocketClient& client, int count, std::string answer) {
    for (int i = 0; i < count; ++i) {
        const auto ping = co_await client.receive_json();
        BOOST_TEST_REQUIRE(ping.at("type").as_string() == "ping");
        co_await client.send_text(answer);
    }
}

SERVER_TEST(who_answers_pings_stays, beating(50ms, 1s)) {
    WebSocketClient alice = co_await server.join_with_heartbeat("Alice");
    const auto begin = steady_clock::now();
    co_await answer_pings(alice, 30, R"({"type":"pong"})");
    BOOST_TEST((steady_clock::now() - begin > 1s));
    BOOST_TEST(server.manager().is_connected("Alice"));
}

SERVER_TEST(any_frame_counts_as_activity_even_a_refused_one, beating(1h, 1s)) {
    WebSocketClient alice = co_await server.join_with_heartbeat("Alice");
    const auto begin = steady_clock::now();
    int round = 0;
    while (steady_clock::now() - begin < 1500ms) {
        const bool refused = ++round % 2 == 0;
        const std::string frame = refused ? "no JSON" : R"({"message":"x"})";
        const std::string expected = refused ? "error" : "message";
        co_await alice.send_text(frame);
        const auto answer = co_await alice.receive_json();
        BOOST_TEST((answer.at("type").as_string() == expected));
        co_await beastapi::asyncio::sleep(20ms);
    }
    BOOST_TEST(server.manager().is_connected("Alice"));
}

SERVER_TEST(what_others_say_is_no_activity, beating(1h, 300ms)) {
    WebSocketClient bob = co_await server.join("Bob");
    WebSocketClient alice = co_await server.join_with_heartbeat("Alice");
    const auto join = co_await bob.receive_json();
    BOOST_TEST(join.at("event").as_string() == "join");
    bool alice_left = false;
    while (!alice_left) {
        co_await bob.send_text(R"({"message":"are you there?"})");
        const auto heard = co_await bob.receive_json();
        alice_left = heard.at("type").as_string() == "system";
    }
    BOOST_TEST(!server.manager().is_connected("Alice"));
}

SERVER_TEST(the_endpoint_without_heartbeat_neither_pings_nor_closes, beating(10ms, 30ms)) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await server.join_with_heartbeat("Bob");
    co_await bob.receive_json();
    co_await alice.receive_json();
    const auto leave = co_await alice.receive_json();
    BOOST_TEST(leave.at("event").as_string() == "leave");
    co_await alice.expect_nothing();
}

SERVER_TEST(the_connection_that_timed_out_leaves_nothing_behind, beating(5ms, 40ms)) {
    for (int i = 0; i < 5; ++i) {
        WebSocketClient client = co_await server.join_with_heartbeat("Alice");
        Frame frame = co_await client.receive();
        while (frame.opcode == opcode::text) {
            frame = co_await client.receive();
        }
        BOOST_TEST(frame.opcode == opcode::close);
    }
    co_await server.until_sessions(0);
    BOOST_TEST(server.manager().get_connection_count() == 0U);
}

SERVER_TEST(a_silent_peer_is_pinged_and_one_that_answers_stays, pinging(100ms)) {
    for (const std::string target : {"/ws", "/ws/chat/Alice"}) {
        WebSocketClient client = co_await server.connect(target);
        const auto begin = steady_clock::now();
        int pings = 0;
        while (steady_clock::now() - begin < 600ms) {
            const Frame frame = co_await client.receive();
            if (frame.opcode == opcode::ping) {
                ++pings;
                Frame pong;
                pong.opcode = opcode::pong;
                pong.payload = frame.payload;
                co_await client.send(std::move(pong));
            }
        }
        BOOST_TEST(pings >= 2);
        co_await client.close();
    }
}

SERVER_TEST(a_goodbye_that_comes_when_a_ping_is_due_is_answered, pinging(20ms)) {
    WebSocketClient client = co_await server.connect("/ws");
    Frame goodbye;
    goodbye.opcode = opcode::close;
    goodbye.payload = close_payload(1000);
    client.tcp().send_now(encode(goodbye));
    // Holds the loop up, so that it finds the goodbye and the timer of the ping at the same time.
    std::this_thread::sleep_for(50ms);
    Frame answer = co_await client.receive();
    while (answer.opcode == opcode::ping) {
        answer = co_await client.receive();
    }
    BOOST_TEST(answer.opcode == opcode::close);
    BOOST_TEST(answer.payload == goodbye.payload);
}

SERVER_TEST(a_peer_that_vanished_is_found_by_pings, pinging(100ms)) {
    WebSocketClient bob = co_await server.join("Bob");
    WebSocketClient alice = co_await server.join("Alice");
    const auto begin = steady_clock::now();
    // Bob answers pings, as receive_json() does; Alice reads nothing and answers nothing.
    const auto join = co_await bob.receive_json();
    BOOST_TEST(join.at("event").as_string() == "join");
    const auto leave = co_await bob.receive_json();
    BOOST_TEST(leave.at("event").as_string() == "leave");
    BOOST_TEST(leave.at("username").as_string() == "Alice");
    BOOST_TEST((steady_clock::now() - begin >= 100ms));
    BOOST_TEST(server.manager().is_connected("Bob"));
}

SERVER_TEST(a_peer_that_vanished_is_found_while_messages_are_sent_to_it, pinging(100ms)) {
    WebSocketClient bob = co_await server.join("Bob");
    WebSocketClient alice = co_await server.join("Alice");
    co_await bob.receive_json();
    bool alice_left = false;
    while (!alice_left) {
        co_await bob.send_text(R"({"message":"are you there?"})");
        const auto heard = co_await bob.receive_json();
        alice_left = heard.at("type").as_string() == "system";
        co_await beastapi::asyncio::sleep(5ms);
    }
    BOOST_TEST(!server.manager().is_connected("Alice"));
}

BOOST_AUTO_TEST_SUITE_END()
