// The rooms with and without names: welcome, join, leave, and who hears what.
#include "chat/timestamps.hpp"
#include "support/test_server.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

using namespace test;
namespace json = boost::json;

namespace {

/// The frame has exactly these keys and values; a welcome also has where the logs are.
void check(json::object frame, std::string_view expected) {
    if (frame.at("type") == "system" && frame.at("event") == "welcome") {
        BOOST_TEST(!frame.at("epoch").as_string().empty());
        BOOST_TEST(frame.at("seq").to_number<int>() == 0);
        BOOST_TEST(frame.contains("inbox") == frame.contains("username"));
        for (const char* const key : {"epoch", "seq", "inbox"}) {
            frame.erase(key);
        }
    }
    BOOST_TEST((frame == json::parse(expected)), json::serialize(frame) << " is not " << expected);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(chat_room)

SERVER_TEST(who_comes_without_a_name_is_welcomed_and_announced) {
    WebSocketClient first = co_await server.connect("/ws/chat");
    const auto welcome = co_await first.receive_json();
    check(welcome, R"({"type":"system","event":"welcome","message":"Welcome to the chat room!",
                       "connected_count":1})");
    WebSocketClient second = co_await server.connect("/ws/chat");
    const auto second_welcome = co_await second.receive_json();
    BOOST_TEST(second_welcome.at("connected_count").to_number<int>() == 2);
    const auto join = co_await first.receive_json();
    check(join, R"({"type":"system","event":"join","message":"Someone joined the chat room",
                    "connected_count":2})");
    co_await second.expect_nothing();
    co_await second.close();
    const auto leave = co_await first.receive_json();
    check(leave, R"({"type":"system","event":"leave","message":"Someone left the chat room",
                     "connected_count":1})");
}

SERVER_TEST(who_comes_with_a_name_is_welcomed_and_announced) {
    WebSocketClient alice = co_await server.connect("/ws/chat/Alice");
    const auto welcome = co_await alice.receive_json();
    check(welcome, R"({"type":"system","event":"welcome",
                       "message":"Welcome to the chat room, Alice!","username":"Alice",
                       "connected_count":1,"connected_users":["Alice"]})");
    WebSocketClient bob = co_await server.connect("/ws/chat/Bob");
    const auto bob_welcome = co_await bob.receive_json();
    check(bob_welcome, R"({"type":"system","event":"welcome",
                           "message":"Welcome to the chat room, Bob!","username":"Bob",
                           "connected_count":2,"connected_users":["Alice","Bob"]})");
    const auto join = co_await alice.receive_json();
    check(join, R"({"type":"system","event":"join","message":"Bob joined the chat room",
                    "username":"Bob","connected_count":2})");
    co_await bob.expect_nothing();
}

SERVER_TEST(everyone_hears_that_bob_left) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await server.join("Bob");
    WebSocketClient nameless = co_await server.join_nameless();
    co_await alice.receive_json();
    co_await alice.receive_json();
    co_await bob.close();
    const std::string_view expected =
        R"({"type":"system","event":"leave","message":"Bob left the chat room","username":"Bob",
            "connected_count":2})";
    const auto heard_by_alice = co_await alice.receive_json();
    check(heard_by_alice, expected);
    const auto heard_by_nameless = co_await nameless.receive_json();
    check(heard_by_nameless, expected);
    co_await alice.expect_nothing();
}

SERVER_TEST(everyone_hears_a_message_the_sender_too) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await server.join_with_heartbeat("Bob");
    WebSocketClient nameless = co_await server.join_nameless();
    co_await alice.receive_json();
    co_await alice.receive_json();
    co_await bob.receive_json();
    co_await alice.send_text(
        R"({"type":"message","message":"Hello, everyone!","timestamp":"2024-01-01T12:00:00Z"})");
    for (WebSocketClient* const client : {&alice, &bob, &nameless}) {
        const auto heard = co_await client->receive_json();
        check(heard, R"({"type":"message","username":"Alice","message":"Hello, everyone!",
                         "timestamp":"2024-01-01T12:00:00Z","seq":1})");
    }
}

SERVER_TEST(the_server_s_time_is_put_in_where_the_client_has_none) {
    WebSocketClient alice = co_await server.join("Alice");
    co_await alice.send_text(R"({"message":"Hello"})");
    const auto heard = co_await alice.receive_json();
    const std::string time(heard.at("timestamp").as_string());
    BOOST_TEST(chat::is_rfc3339(time), time);
    BOOST_TEST(time >= "2026");
}

SERVER_TEST(a_nameless_sender_is_anonymous_or_whom_its_frame_names) {
    WebSocketClient client = co_await server.join_nameless();
    co_await client.send_text(R"({"message":"a"})");
    const auto anonymous = co_await client.receive_json();
    BOOST_TEST(anonymous.at("username").as_string() == "Anonymous");
    co_await client.send_text(R"({"message":"b","username":"Carol"})");
    const auto named = co_await client.receive_json();
    BOOST_TEST(named.at("username").as_string() == "Carol");
}

SERVER_TEST(the_name_in_the_path_counts_whatever_the_frame_says) {
    WebSocketClient alice = co_await server.join("Alice");
    co_await alice.send_text(R"({"message":"Hello","username":"Bob"})");
    const auto heard = co_await alice.receive_json();
    BOOST_TEST(heard.at("username").as_string() == "Alice");
}

SERVER_TEST(a_private_message_reaches_its_target_alone_and_is_confirmed) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await server.join("Bob");
    WebSocketClient carol = co_await server.join("Carol");
    co_await alice.receive_json();
    co_await alice.receive_json();
    co_await bob.receive_json();
    co_await alice.send_text(
        R"({"message":"Secret","target_user":"Bob","timestamp":"2024-01-01T12:00:00Z"})");
    const auto secret = co_await bob.receive_json();
    check(secret, R"({"type":"private","from":"Alice","message":"Secret",
                      "timestamp":"2024-01-01T12:00:00Z","seq":1})");
    const auto confirmation = co_await alice.receive_json();
    check(confirmation, R"({"type":"confirmation","message":"Private message sent to Bob",
                            "target_user":"Bob","timestamp":"2024-01-01T12:00:00Z"})");
    co_await carol.expect_nothing();
    co_await alice.expect_nothing();
    co_await bob.expect_nothing();
}

SERVER_TEST(a_private_message_may_go_to_oneself) {
    WebSocketClient alice = co_await server.join("Alice");
    co_await alice.send_text(R"({"message":"note","target_user":"Alice"})");
    const auto first = co_await alice.receive_json();
    BOOST_TEST(first.at("type").as_string() == "private");
    const auto second = co_await alice.receive_json();
    BOOST_TEST(second.at("type").as_string() == "confirmation");
}

SERVER_TEST(a_nameless_sender_may_write_privately) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient nameless = co_await server.join_nameless();
    co_await alice.receive_json();
    co_await nameless.send_text(R"({"message":"psst","target_user":"Alice","username":"Dan"})");
    const auto secret = co_await alice.receive_json();
    BOOST_TEST(secret.at("from").as_string() == "Dan");
    const auto confirmation = co_await nameless.receive_json();
    BOOST_TEST(confirmation.at("target_user").as_string() == "Alice");
}

SERVER_TEST(a_heartbeat_is_acknowledged_on_every_chat_endpoint) {
    for (const std::string target : {"/ws/chat", "/ws/chat/Alice", "/ws/chat/Alice/heartbeat"}) {
        WebSocketClient client = co_await server.connect(target);
        co_await client.receive_json();
        co_await client.send_text(R"({"type":"heartbeat","timestamp":"2024-01-01T12:00:00Z"})");
        auto acknowledgement = co_await client.receive_json();
        BOOST_TEST(chat::is_rfc3339(std::string(acknowledgement.at("timestamp").as_string())));
        acknowledgement.erase("timestamp");
        check(acknowledgement, R"({"type":"heartbeat_ack"})");
        co_await client.close();
    }
}

SERVER_TEST(a_pong_is_not_answered) {
    WebSocketClient alice = co_await server.join("Alice");
    co_await alice.send_text(R"({"type":"pong"})");
    co_await alice.expect_nothing();
}

static TestServerOptions in_chinese() {
    TestServerOptions options = quiet();
    options.chat.locale = chat::Locale::zh_tw;
    return options;
}

SERVER_TEST(the_texts_are_chinese_by_default, in_chinese()) {
    BOOST_TEST((chat::ChatSettings().locale == chat::Locale::zh_tw));
    WebSocketClient alice = co_await server.connect("/ws/chat/Alice");
    const auto welcome = co_await alice.receive_json();
    BOOST_TEST(welcome.at("message").as_string() == "歡迎 Alice 加入聊天室！");
    WebSocketClient bob = co_await server.connect("/ws/chat/Bob");
    const auto join = co_await alice.receive_json();
    BOOST_TEST(join.at("message").as_string() == "Bob 加入了聊天室");
}

BOOST_AUTO_TEST_SUITE_END()
