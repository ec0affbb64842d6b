// What the chat refuses: each error frame, and that none of them ends a connection.
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>

using namespace test;

namespace {

/// Sends `frame` and expects that error, and nothing else.
awaitable<void> check_refused(WebSocketClient& client, std::string code, std::string frame,
                              source_location where = source_location::current()) {
    co_await client.send_text(frame, where);
    const auto error = co_await client.receive_json(where);
    BOOST_TEST(error.at("type").as_string() == "error", frame);
    BOOST_TEST((error.at("code").as_string() == code), frame);
    BOOST_TEST(!error.at("message").as_string().empty());
    co_await client.expect_nothing(where);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(chat_errors)

SERVER_TEST(a_malformed_frame_is_an_error_to_its_sender_alone) {
    WebSocketClient bob = co_await server.join("Bob");
    for (const std::string target : {"/ws/chat", "/ws/chat/Alice", "/ws/chat/Alice/heartbeat"}) {
        WebSocketClient client = co_await server.connect(target);
        co_await client.receive_json();
        co_await bob.receive_json();
        for (const std::string frame :
             {"", "Hello", "{", "[]", "null", "1", R"("text")", "{}", R"({"message":1})",
              R"({"message":null})", R"({"type":7,"message":"x"})",
              R"({"message":"x","target_user":["Bob"]})"}) {
            co_await check_refused(client, "invalid_format", frame);
        }
        co_await bob.expect_nothing();
        co_await client.close();
        co_await bob.receive_json();
    }
}

SERVER_TEST(a_client_cannot_forge_what_the_server_says) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await server.join("Bob");
    co_await alice.receive_json();
    for (const std::string type :
         {"system", "private", "confirmation", "ping", "heartbeat_ack", "error", "broadcast"}) {
        co_await check_refused(
            alice, "unknown_type",
            R"({"type":")" + type + R"(","event":"leave","message":"Bob left"})");
    }
    co_await bob.expect_nothing();
}

SERVER_TEST(a_private_message_to_someone_who_is_not_online_is_seen_by_nobody) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await server.join("Bob");
    co_await alice.receive_json();
    co_await check_refused(alice, "user_offline", R"({"message":"Secret","target_user":"Carol"})");
    co_await check_refused(alice, "user_offline", R"({"message":"Secret","target_user":"Bobby"})");
    co_await bob.expect_nothing();
}

SERVER_TEST(the_error_names_the_user_who_is_not_online) {
    WebSocketClient alice = co_await server.join("Alice");
    co_await alice.send_text(R"({"message":"Secret","target_user":"Carol"})");
    const auto error = co_await alice.receive_json();
    BOOST_TEST(error.at("message").as_string() == "Carol is not online");
    BOOST_TEST(error.at("username").as_string() == "Carol");
}

SERVER_TEST(nobody_speaks_under_the_name_of_a_connected_user) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient thief = co_await server.join_nameless();
    co_await alice.receive_json();
    co_await check_refused(thief, "name_taken", R"({"message":"I am Alice","username":"Alice"})");
    co_await check_refused(thief, "name_taken",
                           R"({"message":"x","username":"Alice","target_user":"Alice"})");
    co_await alice.expect_nothing();
    co_await alice.close();
    const auto leave = co_await thief.receive_json();
    BOOST_TEST(leave.at("event").as_string() == "leave");
    co_await thief.send_text(R"({"message":"now it is free","username":"Alice"})");
    const auto heard = co_await thief.receive_json();
    BOOST_TEST(heard.at("username").as_string() == "Alice");
}

SERVER_TEST(a_name_in_a_frame_has_to_be_valid) {
    WebSocketClient client = co_await server.join_nameless();
    for (const std::string name :
         {"", " Alice", "Alice ", "a\\nb", "123456789012345678901234567890123"}) {
        co_await check_refused(client, "invalid_format",
                               R"({"message":"x","username":")" + name + "\"}");
    }
}

SERVER_TEST(a_binary_frame_closes_a_chat_connection_with_1003) {
    for (const std::string target : {"/ws/chat", "/ws/chat/Alice", "/ws/chat/Alice/heartbeat"}) {
        WebSocketClient client = co_await server.connect(target);
        co_await client.receive_json();
        Frame frame;
        frame.opcode = opcode::binary;
        frame.payload = R"({"message":"x"})";
        co_await client.send(frame);
        co_await client.expect_close(1003);
    }
}

SERVER_TEST(an_invalid_name_is_accepted_and_closed_so_that_a_browser_can_read_why) {
    WebSocketClient bob = co_await server.join("Bob");
    const std::string too_long = "/ws/chat/" + std::string(33, 'a');
    for (const std::string target :
         {"/ws/chat/%20Alice", "/ws/chat/Alice%20", "/ws/chat/%20", "/ws/chat/a%0Ab",
          "/ws/chat/a%00b", "/ws/chat/%FF", "/ws/chat/%E3%80%80a", "/ws/chat/%20Alice/heartbeat",
          "/ws/chat/%ED%A0%80"}) {
        WebSocketClient client = co_await server.connect(target);
        co_await client.expect_close(1008, "Invalid username");
    }
    WebSocketClient client = co_await server.connect(too_long);
    co_await client.expect_close(1008, "Invalid username");
    co_await bob.expect_nothing();
    BOOST_TEST(server.manager().get_connection_count() == 1U);
}

SERVER_TEST(names_are_decoded_once) {
    WebSocketClient alice = co_await server.connect("/ws/chat/%E5%B0%8F%E6%98%8E%20%2525%2F");
    const auto welcome = co_await alice.receive_json();
    BOOST_TEST(welcome.at("username").as_string() == "小明 %25/");
}

SERVER_TEST(the_longest_name_is_welcome) {
    std::string target = "/ws/chat/";
    for (int i = 0; i < 32; ++i) {
        target.append("%F0%9F%98%80");
    }
    WebSocketClient client = co_await server.connect(target);
    const auto welcome = co_await client.receive_json();
    BOOST_TEST(welcome.at("username").as_string().size() == 128U);
}

SERVER_TEST(nobody_is_called_anonymous) {
    for (const std::string name : {"Anonymous", "anonymous", "ANONYMOUS"}) {
        WebSocketClient client = co_await server.connect("/ws/chat/" + name);
        co_await client.expect_close(1008, "Invalid username");
    }
}

SERVER_TEST(an_error_does_not_repeat_what_cannot_be_a_name) {
    WebSocketClient alice = co_await server.join("Alice");
    const std::string name(1000, 'x');
    co_await alice.send_text(R"({"message":"x","target_user":")" + name + "\"}");
    const auto error = co_await alice.receive_json();
    BOOST_TEST(error.at("code").as_string() == "user_offline");
    BOOST_TEST(!error.contains("username"));
}

BOOST_AUTO_TEST_SUITE_END()
