// Who is online, and who is typing.
#include "support/test_server.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

using namespace test;
namespace json = boost::json;

namespace {

/// The next frame is exactly this one.
awaitable<void> expect(WebSocketClient& client, std::string frame,
                       source_location where = source_location::current()) {
    const json::object received = co_await client.receive_json(where);
    BOOST_TEST((json::value(received) == json::parse(frame)),
               to_string(where) << ": " << json::serialize(received) << " is not " << frame);
}

/// Receives until a frame of that type comes, and says how many others came before.
awaitable<int> count_until(WebSocketClient& client, std::string type) {
    int others = 0;
    while ((co_await client.receive_json()).at("type").as_string() != type) {
        ++others;
    }
    co_return others;
}

TestServerOptions with_large_outbox() {
    TestServerOptions options = quiet();
    options.server.outbox_limit = 64 * 1024 * 1024;
    return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(online)

SERVER_TEST(who_lists_each_user_once_in_the_order_in_which_they_came) {
    WebSocketClient bob = co_await server.join("Bob");
    WebSocketClient alice = co_await server.join("Alice");
    co_await bob.receive_json();
    WebSocketClient phone = co_await server.join("Bob");
    WebSocketClient nameless = co_await server.join_nameless();
    co_await alice.receive_json();
    co_await alice.send_text(R"({"type":"who"})");
    co_await expect(alice, R"({"type":"users","users":["Bob","Alice"],"connected_count":4})");
    co_await alice.expect_nothing();
}

SERVER_TEST(who_of_a_room_lists_its_members) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await server.join("Bob");
    co_await bob.send_text(R"({"type":"join","room":"cpp"})");
    co_await bob.receive_json();
    co_await bob.send_text(R"({"type":"who","room":"CPP"})");
    co_await expect(bob, R"({"type":"users","room":"cpp","users":["Bob"],"member_count":1})");
}

SERVER_TEST(typing_is_told_to_the_others_only) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await server.join("Bob");
    co_await alice.receive_json();
    co_await alice.send_text(R"({"type":"typing"})");
    co_await expect(bob, R"({"type":"typing","username":"Alice"})");
    co_await alice.expect_nothing();
}

SERVER_TEST(typing_in_a_room_is_told_to_the_room) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await server.join("Bob");
    WebSocketClient carol = co_await server.join("Carol");
    for (WebSocketClient* const client : {&alice, &bob}) {
        co_await client->send_text(R"({"type":"join","room":"cpp"})");
        co_await count_until(*client, "joined");
    }
    co_await alice.receive_json();
    co_await alice.send_text(R"({"type":"typing","room":"cpp"})");
    co_await expect(bob, R"({"type":"typing","username":"Alice","room":"cpp"})");
    co_await carol.expect_nothing();
    co_await alice.expect_nothing();
}

SERVER_TEST(whoever_has_no_name_types_under_the_one_that_the_frame_has) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient nameless = co_await server.join_nameless();
    co_await alice.receive_json();
    co_await nameless.send_text(R"({"type":"typing"})");
    co_await expect(alice, R"({"type":"typing","username":"Anonymous"})");
    co_await nameless.send_text(R"({"type":"typing","username":"Zoe"})");
    co_await expect(alice, R"({"type":"typing","username":"Zoe"})");
    co_await nameless.send_text(R"({"type":"typing","username":"alice"})");
    const auto error = co_await nameless.receive_json();
    BOOST_TEST(error.at("code").as_string() == "name_taken");
    co_await alice.expect_nothing();
}

SERVER_TEST(a_reader_that_is_behind_does_not_get_typing_later, with_large_outbox()) {
    ConnectOptions small_window;
    small_window.receive_buffer = 4096;
    WebSocketClient behind =
        co_await WebSocketClient::connect(server.port(), "/ws/chat/Bob", small_window);
    co_await behind.receive_json();
    WebSocketClient alice = co_await server.join("Alice");
    const std::string large = R"({"message":")" + std::string(60'000, 'x') + "\"}";
    // More than the operating system takes for a reader that does not read.
    constexpr int messages = 200;
    for (int i = 0; i < messages; ++i) {
        co_await alice.send_text(large);
        co_await alice.receive_json();
    }
    constexpr int notices = 50;
    for (int i = 0; i < notices; ++i) {
        co_await alice.send_text(R"({"type":"typing"})");
    }
    co_await alice.expect_nothing();  // the server has read them all
    co_await alice.send_text(R"({"type":"message","message":"last"})");
    int heard = 0;
    int typing = 0;
    while (true) {
        const auto frame = co_await behind.receive_json();
        if (frame.at("type").as_string() == "typing") {
            ++typing;
        } else if (frame.at("type").as_string() == "message") {
            ++heard;
            if (frame.at("message").as_string() == "last") {
                break;
            }
        }
    }
    BOOST_TEST(heard == messages + 1);
    BOOST_TEST(typing == 0);
}

BOOST_AUTO_TEST_SUITE_END()
