// Chapter 12: the rooms of the chat server, tested in the test's own process, over real sockets.
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

using namespace test;

namespace {

// [helpers]
awaitable<void> expect_event(WebSocketClient& client, std::string event, std::string username) {
    const auto frame = co_await client.receive_json();
    BOOST_TEST(frame.at("event").as_string() == event);
    BOOST_TEST(frame.at("username").as_string() == username);
}

awaitable<void> join(WebSocketClient& client, std::string room) {
    co_await client.send_text(fmt::format(R"({{"type":"join","room":"{}"}})", room));
    const auto frame = co_await client.receive_json();
    BOOST_TEST(frame.at("type").as_string() == "joined");
}
// [/helpers]

}  // namespace

BOOST_AUTO_TEST_SUITE(chapter_12)

// [room]
SERVER_TEST(a_message_goes_to_its_room_only) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await server.join("Bob");
    co_await expect_event(alice, "join", "Bob");
    co_await join(alice, "cpp");
    co_await alice.send_text(R"({"room":"cpp","message":"Hello, cpp!"})");
    const auto heard = co_await alice.receive_json();
    BOOST_TEST(heard.at("message").as_string() == "Hello, cpp!");
    co_await bob.expect_nothing();
}
// [/room]

// [leave]
SERVER_TEST(everyone_in_the_room_hears_that_bob_left) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await server.join("Bob");
    co_await expect_event(alice, "join", "Bob");
    co_await join(alice, "cpp");
    co_await join(bob, "cpp");
    co_await expect_event(alice, "join", "Bob");
    co_await bob.close();
    const auto left = co_await alice.receive_json();
    BOOST_TEST(left.at("event").as_string() == "leave");
    BOOST_TEST(left.at("room").as_string() == "cpp");
    co_await server.until_members(1);
}
// [/leave]

SERVER_TEST(who_is_not_in_a_room_cannot_post_to_it) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await server.join("Bob");
    co_await expect_event(alice, "join", "Bob");
    co_await join(alice, "cpp");
    co_await bob.send_text(R"({"room":"cpp","message":"Let me in"})");
    const auto refused = co_await bob.receive_json();
    BOOST_TEST(refused.at("code").as_string() == "not_in_room");
    co_await alice.expect_nothing();
}

BOOST_AUTO_TEST_SUITE_END()
