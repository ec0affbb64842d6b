// Who is there: one user with several connections, and each way out announced exactly once.
#include "chat/session.hpp"
#include "support/failing_allocations.hpp"
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <stdexcept>

using namespace test;
using beastapi::WebSocket;

namespace {

/// `leave` of Bob is the next that Alice hears, and it comes once.
awaitable<void> expect_that_bob_left(WebSocketClient& alice,
                                     source_location where = source_location::current()) {
    const auto leave = co_await alice.receive_json(where);
    BOOST_TEST(leave.at("event").as_string() == "leave", to_string(where));
    BOOST_TEST(leave.at("username").as_string() == "Bob", to_string(where));
    BOOST_TEST(leave.at("connected_count").to_number<int>() == 1, to_string(where));
    co_await alice.expect_nothing(where);
}

/// A member whose handler throws as soon as it hears something.
awaitable<void> throwing_chat(WebSocket websocket, std::string username, chat::Chat& chat) {
    const auto session = co_await chat.connect(websocket, username);
    co_await websocket.receive_text();
    throw std::runtime_error("a mistake in the handler");
}

}  // namespace

/// A member for whose leaving there is no memory.
awaitable<void> poor_chat(WebSocket websocket, std::string username, chat::Chat& chat) {
    std::optional session = co_await chat.connect(websocket, username);
    co_await session->enter();  // the room that the request names
    co_await websocket.receive_text();
    const FailingAllocations none(0);
    session.reset();
}

BOOST_AUTO_TEST_SUITE(presence)

SERVER_TEST(two_connections_of_one_name_are_one_user) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await server.join("Bob");
    const auto join = co_await alice.receive_json();
    BOOST_TEST(join.at("username").as_string() == "Bob");

    WebSocketClient phone = co_await server.connect("/ws/chat/Bob");
    const auto welcome = co_await phone.receive_json();
    BOOST_TEST(welcome.at("connected_count").to_number<int>() == 3);
    BOOST_TEST(welcome.at("connected_users").as_array().size() == 2U);
    co_await alice.expect_nothing();
    co_await bob.expect_nothing();

    co_await bob.close();
    co_await server.until_members(2);
    co_await alice.expect_nothing();
    BOOST_TEST(server.manager().is_connected("Bob"));

    co_await phone.close();
    co_await expect_that_bob_left(alice);
    BOOST_TEST(!server.manager().is_connected("Bob"));
}

SERVER_TEST(a_private_message_reaches_each_connection_of_its_target) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient desk = co_await server.join("Bob");
    WebSocketClient phone = co_await server.join_with_heartbeat("Bob");
    co_await alice.receive_json();
    co_await alice.send_text(R"({"message":"Secret","target_user":"Bob"})");
    for (WebSocketClient* const client : {&desk, &phone}) {
        const auto secret = co_await client->receive_json();
        BOOST_TEST(secret.at("type").as_string() == "private");
        co_await client->expect_nothing();
    }
    const auto confirmation = co_await alice.receive_json();
    BOOST_TEST(confirmation.at("type").as_string() == "confirmation");
    co_await alice.expect_nothing();
}

SERVER_TEST(the_second_connection_of_a_name_does_not_cut_the_first_off) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient desk = co_await server.join("Bob");
    WebSocketClient phone = co_await server.join("Bob");
    co_await alice.receive_json();
    co_await phone.close();
    co_await server.until_members(2);
    co_await alice.send_text(R"({"message":"Secret","target_user":"Bob"})");
    const auto secret = co_await desk.receive_json();
    BOOST_TEST(secret.at("message").as_string() == "Secret");
}

SERVER_TEST(who_says_goodbye_is_announced_once) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await server.join("Bob");
    co_await alice.receive_json();
    co_await bob.close();
    co_await expect_that_bob_left(alice);
}

SERVER_TEST(who_is_torn_off_is_announced_once) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await server.join("Bob");
    co_await alice.receive_json();
    bob.tear();
    co_await expect_that_bob_left(alice);
}

SERVER_TEST(who_ends_the_stream_without_a_close_frame_is_announced_once) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await server.join_with_heartbeat("Bob");
    co_await alice.receive_json();
    bob.tcp().shut_down();
    co_await expect_that_bob_left(alice);
    const std::string rest = co_await bob.tcp().read_to_end();
    BOOST_TEST(rest.empty());
}

SERVER_TEST(who_breaks_the_protocol_is_announced_once) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await server.join("Bob");
    co_await alice.receive_json();
    Frame unmasked;
    unmasked.masked = false;
    co_await bob.send(unmasked);
    co_await bob.expect_close(1002);
    co_await expect_that_bob_left(alice);
}

static TestServerOptions with_a_throwing_handler() {
    TestServerOptions options = quiet();
    options.set_up = [](beastapi::App& app, chat::Chat& chat) {
        app.websocket("/throwing/{username}", throwing_chat, chat);
    };
    return options;
}

SERVER_TEST(whose_handler_throws_is_announced_once, with_a_throwing_handler()) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await server.connect("/throwing/Bob");
    const auto join = co_await alice.receive_json();
    BOOST_TEST(join.at("event").as_string() == "join");
    co_await bob.send_text("now");
    co_await bob.expect_close(1011);
    co_await expect_that_bob_left(alice);
}

static TestServerOptions with_a_poor_handler() {
    TestServerOptions options = quiet();
    options.set_up = [](beastapi::App& app, chat::Chat& chat) {
        app.websocket("/poor/{username}", poor_chat, chat);
    };
    return options;
}

SERVER_TEST(who_leaves_when_there_is_no_memory_leaves_no_name_behind, with_a_poor_handler()) {
    WebSocketClient bob = co_await server.join("Bob");
    for (int i = 0; i < 3; ++i) {
        WebSocketClient alice = co_await server.connect(
            "/poor/Alice?room=A%20name%20of%2032%20characters,%20like%20so");
        const auto join = co_await bob.receive_json();
        BOOST_TEST(join.at("event").as_string() == "join");
        const auto joined = co_await alice.receive_json();
        BOOST_TEST(joined.at("type").as_string() == "joined");
        co_await alice.send_text("now");
        co_await alice.expect_close(1000);
        BOOST_TEST(!server.manager().is_connected("Alice"));
        BOOST_TEST(server.manager().rooms().empty());
        BOOST_TEST(server.manager().get_connection_count() == 1U);
    }
    co_await bob.send_text(R"({"message":"all is well"})");
    const auto message = co_await bob.receive_json();
    BOOST_TEST(message.at("type").as_string() == "message");
}

SERVER_TEST(who_leaves_at_once_leaves_no_name_behind) {
    WebSocketClient alice = co_await server.join("Alice");
    for (int i = 0; i < 20; ++i) {
        TcpClient client = co_await TcpClient::connect(server.port());
        co_await client.send(handshake_request("/ws/chat/Bob"));
        client.tear();
    }
    co_await server.until_sessions(1);
    BOOST_TEST(server.manager().get_connection_count() == 1U);
    BOOST_TEST(!server.manager().is_connected("Bob"));
    // Each join that was announced has its leave.
    int balance = 0;
    co_await alice.send_text(R"({"type":"heartbeat"})");
    auto frame = co_await alice.receive_json();
    while (frame.at("type").as_string() == "system") {
        balance += frame.at("event").as_string() == "join" ? 1 : -1;
        BOOST_TEST((balance == 0 || balance == 1));
        frame = co_await alice.receive_json();
    }
    BOOST_TEST(balance == 0);
}

namespace {

TestServerOptions gathering() {
    TestServerOptions options = quiet();
    options.chat.presence_interval = 100ms;
    return options;
}

}  // namespace

SERVER_TEST(in_a_crowd_who_comes_and_goes_is_told_together, gathering()) {
    server.manager().enter_elsewhere({.connections = chat::Notices::frames_at_once});
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await server.join("Bob");
    WebSocketClient carol = co_await server.join("Carol");
    co_await carol.close();
    std::size_t joined = 0;
    std::size_t left = 0;
    // Carol may be in two notices or in none, and Alice hears of herself.
    while (joined != left + 2) {
        const auto notice = co_await alice.receive_json();
        BOOST_TEST(notice.at("event").as_string() == "presence");
        joined += notice.at("joined_count").to_number<std::size_t>();
        left += notice.at("left_count").to_number<std::size_t>();
        BOOST_TEST(notice.at("joined").as_array().size() ==
                   notice.at("joined_count").to_number<std::size_t>());
    }
    BOOST_TEST(left <= 1U);
    server.manager().leave_elsewhere({.connections = chat::Notices::frames_at_once});
}

SERVER_TEST(users_of_other_shards_are_there_too) {
    WebSocketClient alice = co_await server.join("Alice");
    const auto at_other_shard = [&](auto kind, std::vector<chat_hub::Presence> presences) {
        server.chat().others().on_event(
            {.kind = kind, .shard = "other", .presences = std::move(presences)});
    };
    const chat_hub::Presence bob{.user = "bob", .user_name = "Bob"};
    at_other_shard(chat_hub::Event::Kind::enter, {bob});
    const auto join = co_await alice.receive_json();
    BOOST_TEST(join.at("event").as_string() == "join");
    BOOST_TEST(join.at("username").as_string() == "Bob");
    BOOST_TEST(join.at("connected_count").to_number<int>() == 2);

    // A second connection of the same user, here: nobody comes, and nobody goes with it.
    WebSocketClient phone = co_await server.connect("/ws/chat/BOB");
    const auto welcome = co_await phone.receive_json();
    BOOST_TEST(welcome.at("username").as_string() == "Bob");
    BOOST_TEST(welcome.at("connected_count").to_number<int>() == 3);
    co_await phone.close();
    co_await server.until_sessions(1);
    co_await alice.expect_nothing();

    WebSocketClient stranger = co_await server.connect("/ws/chat");
    co_await stranger.receive_json();
    co_await stranger.send_text(R"({"username":"Bob","message":"I am Bob"})");
    BOOST_TEST((co_await stranger.receive_json()).at("code").as_string() == "name_taken");
    co_await alice.receive_json();  // somebody joined

    at_other_shard(chat_hub::Event::Kind::gone, {});
    const auto leave = co_await alice.receive_json();
    BOOST_TEST(leave.at("event").as_string() == "leave");
    BOOST_TEST(leave.at("username").as_string() == "Bob");
    BOOST_TEST(leave.at("connected_count").to_number<int>() == 2);
}

BOOST_AUTO_TEST_SUITE_END()
