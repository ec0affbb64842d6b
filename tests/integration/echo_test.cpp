// `/ws`: every message comes back, and nobody on it is part of the chat.
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>

using namespace test;

BOOST_AUTO_TEST_SUITE(echo)

SERVER_TEST(a_text_comes_back_with_echo_in_front) {
    WebSocketClient client = co_await server.connect("/ws");
    for (const std::string text : {"X", "", "小明 😀", "{\"type\":\"message\"}"}) {
        co_await client.send_text(text);
        const std::string answer = co_await client.receive_text();
        BOOST_TEST(answer == "Echo: " + text);
    }
    co_await client.close();
}

SERVER_TEST(bytes_come_back_unchanged) {
    WebSocketClient client = co_await server.connect("/ws");
    for (const std::size_t size : {0, 1, 125, 126, 65535, 65536}) {
        Frame frame;
        frame.opcode = opcode::binary;
        frame.payload = std::string(size, '\xFF');
        co_await client.send(frame);
        const Frame answer = co_await client.receive();
        BOOST_TEST(answer.opcode == opcode::binary);
        BOOST_TEST((answer.payload == frame.payload), size);
    }
}

SERVER_TEST(messages_in_flight_keep_their_order) {
    WebSocketClient client = co_await server.connect("/ws");
    constexpr int count = 1000;
    std::string frames;
    for (int i = 0; i < count; ++i) {
        Frame frame;
        frame.payload = std::to_string(i);
        frames.append(encode(frame));
    }
    co_await client.tcp().send(frames);
    for (int i = 0; i < count; ++i) {
        const std::string answer = co_await client.receive_text();
        BOOST_TEST_REQUIRE(answer == "Echo: " + std::to_string(i));
    }
}

static awaitable<void> send_many(WebSocketClient& client, int count, std::size_t size) {
    for (int i = 0; i < count; ++i) {
        co_await client.send_text(std::string(size, static_cast<char>('a' + i % 26)));
    }
}

SERVER_TEST(who_sends_more_than_it_reads_is_held_back_and_loses_nothing) {
    ConnectOptions slow;
    slow.receive_buffer = 4096;
    WebSocketClient client = co_await WebSocketClient::connect(server.port(), "/ws", slow);
    constexpr int count = 1000;
    constexpr std::size_t size = 32 * 1024;
    // 32 MiB are far more than all buffers hold: the sender stops until the reader begins.
    Task sender = co_await Task::start(send_many(client, count, size));
    for (int i = 0; i < count; ++i) {
        const std::string answer = co_await client.receive_text();
        BOOST_TEST_REQUIRE(answer.size() == size + 6);
        BOOST_TEST_REQUIRE(answer.back() == static_cast<char>('a' + i % 26));
    }
    co_await sender.join();
}

SERVER_TEST(it_is_no_part_of_the_chat) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient echo = co_await server.connect("/ws");
    BOOST_TEST(server.manager().get_connection_count() == 1U);
    co_await alice.expect_nothing();
    co_await alice.send_text(R"({"message":"Hello"})");
    const auto heard = co_await alice.receive_json();
    BOOST_TEST(heard.at("message").as_string() == "Hello");
    co_await echo.send_text("still here");
    const std::string answer = co_await echo.receive_text();
    BOOST_TEST(answer == "Echo: still here");
    co_await echo.close();
    co_await alice.expect_nothing();
}

BOOST_AUTO_TEST_SUITE_END()
