// Rooms: who hears what, who is told that somebody came or left, and what is refused.
#include "support/test_server.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

using namespace test;
namespace json = boost::json;

namespace {

using Clients = std::vector<WebSocketClient*>;

/// The next frame has these keys with these values; it may have others.
awaitable<json::object> expect(WebSocketClient& client, std::string fields,
                               source_location where = source_location::current()) {
    const json::object expected = json::parse(fields).as_object();
    json::object frame = co_await client.receive_json(where);
    for (const auto& [key, value] : expected) {
        BOOST_TEST((frame.contains(key) && frame.at(key) == value),
                   to_string(where) << ": " << json::serialize(frame) << " is not " << fields);
    }
    co_return frame;
}

/// The answer lists exactly these members, given as a JSON array.
awaitable<void> join(WebSocketClient& client, std::string room, std::string members,
                     source_location where = source_location::current()) {
    co_await client.send_text(fmt::format(R"({{"type":"join","room":"{}"}})", room), where);
    const json::object joined = co_await expect(client, R"({"type":"joined"})", where);
    BOOST_TEST((joined.at("room").as_string() == room), to_string(where));
    BOOST_TEST((joined.at("members") == json::parse(members)),
               to_string(where) << ": " << json::serialize(joined));
}

/// A new member, of whom each of the others has heard.
awaitable<WebSocketClient> come(TestServer& server, std::string name, Clients others,
                                source_location where = source_location::current()) {
    WebSocketClient client = co_await server.join(std::move(name), where);
    for (WebSocketClient* const other : others) {
        co_await expect(*other, R"({"event":"join"})", where);
    }
    co_return client;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rooms)

SERVER_TEST(a_message_with_a_room_goes_to_its_members_only) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await come(server, "Bob", Clients(1, &alice));
    const Clients others{&alice, &bob};
    WebSocketClient carol = co_await come(server, "Carol", others);
    co_await join(alice, "cpp", R"(["Alice"])");
    co_await join(bob, "cpp", R"(["Alice","Bob"])");
    co_await expect(alice, R"({"event":"join","room":"cpp","username":"Bob","member_count":2,)"
                           R"("message":"Bob joined the room cpp"})");
    co_await alice.send_text(R"({"message":"Hello","room":"cpp"})");
    const std::string said =
        R"({"type":"message","username":"Alice","message":"Hello","room":"cpp"})";
    co_await expect(alice, said);
    co_await expect(bob, said);
    co_await carol.expect_nothing();

    co_await carol.send_text(R"({"message":"To all"})");
    for (WebSocketClient* const client : {&alice, &bob, &carol}) {
        const json::object heard = co_await expect(*client, R"({"message":"To all"})");
        BOOST_TEST(!heard.contains("room"));
    }
}

SERVER_TEST(whoever_leaves_a_room_hears_no_more_of_it_and_stays_in_the_chat) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await come(server, "Bob", Clients(1, &alice));
    co_await join(alice, "cpp", R"(["Alice"])");
    co_await join(bob, "cpp", R"(["Alice","Bob"])");
    co_await alice.receive_json();
    co_await bob.send_text(R"({"type":"leave","room":"cpp"})");
    co_await expect(bob, R"({"type":"left","room":"cpp"})");
    co_await expect(alice, R"({"event":"leave","room":"cpp","username":"Bob","member_count":1,)"
                           R"("message":"Bob left the room cpp"})");
    co_await alice.send_text(R"({"message":"Alone","room":"cpp"})");
    co_await expect(alice, R"({"message":"Alone"})");
    co_await bob.expect_nothing();
    BOOST_TEST(server.manager().get_connection_count() == 2U);
}

SERVER_TEST(whoever_disconnects_leaves_each_room_and_then_the_chat) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await come(server, "Bob", Clients(1, &alice));
    for (const std::string room : {"one", "two"}) {
        co_await join(alice, room, R"(["Alice"])");
        co_await join(bob, room, R"(["Alice","Bob"])");
        co_await alice.receive_json();
    }
    bob.tear();
    co_await expect(alice, R"({"event":"leave","room":"one","username":"Bob"})");
    co_await expect(alice, R"({"event":"leave","room":"two","username":"Bob"})");
    const json::object left = co_await expect(alice, R"({"event":"leave","username":"Bob"})");
    BOOST_TEST(!left.contains("room"));
    co_await alice.expect_nothing();
}

SERVER_TEST(an_empty_room_is_gone) {
    WebSocketClient alice = co_await server.join("Alice");
    for (int i = 0; i < 3; ++i) {
        co_await join(alice, "cpp", R"(["Alice"])");
        BOOST_TEST(server.manager().rooms().size() == 1U);
        co_await alice.send_text(R"({"type":"leave","room":"cpp"})");
        co_await expect(alice, R"({"type":"left"})");
        BOOST_TEST(server.manager().rooms().empty());
    }
    co_await join(alice, "cpp", R"(["Alice"])");
    co_await alice.close();
    co_await server.until_members(0);
    BOOST_TEST(server.manager().rooms().empty());
}

SERVER_TEST(a_room_can_be_joined_in_the_url) {
    for (const std::string endpoint : {"/ws/chat", "/ws/chat/Alice", "/ws/chat/Alice/heartbeat"}) {
        WebSocketClient client = co_await server.connect(endpoint + "?room=c%2B%2B");
        co_await expect(client, R"({"event":"welcome"})");
        co_await expect(client, R"({"type":"joined","room":"c++","member_count":1})");
        co_await client.close();
        co_await server.until_members(0);
    }
}

SERVER_TEST(a_bad_room_in_the_url_is_an_error_and_no_disconnect) {
    WebSocketClient client = co_await server.connect("/ws/chat/Alice?room=%20");
    co_await expect(client, R"({"event":"welcome"})");
    co_await expect(client, R"({"type":"error","code":"invalid_room","room":" "})");
    co_await client.expect_nothing();
}

SERVER_TEST(joining_twice_tells_nobody_twice) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await come(server, "Bob", Clients(1, &alice));
    co_await join(alice, "cpp", R"(["Alice"])");
    co_await join(bob, "cpp", R"(["Alice","Bob"])");
    co_await alice.receive_json();
    co_await join(bob, "cpp", R"(["Alice","Bob"])");
    co_await alice.expect_nothing();
    co_await alice.send_text(R"({"message":"once","room":"cpp"})");
    co_await expect(bob, R"({"message":"once"})");
    co_await bob.expect_nothing();
}

SERVER_TEST(a_user_is_in_a_room_while_one_of_their_connections_is) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient desk = co_await come(server, "Bob", Clients(1, &alice));
    WebSocketClient phone = co_await server.join("Bob");
    co_await join(alice, "cpp", R"(["Alice"])");
    co_await join(desk, "cpp", R"(["Alice","Bob"])");
    co_await expect(alice, R"({"event":"join","member_count":2})");
    co_await join(phone, "cpp", R"(["Alice","Bob"])");
    co_await alice.expect_nothing();
    co_await desk.close();
    co_await alice.expect_nothing();
    co_await phone.send_text(R"({"type":"leave","room":"cpp"})");
    co_await expect(phone, R"({"type":"left"})");
    co_await expect(alice, R"({"event":"leave","username":"Bob","member_count":1})");
}

SERVER_TEST(names_of_rooms_that_are_equal_are_one_room) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await come(server, "Bob", Clients(1, &alice));
    co_await join(alice, "Kaffee", R"(["Alice"])");
    co_await bob.send_text(R"({"type":"join","room":"KAFFEE"})");
    co_await expect(bob, R"({"type":"joined","room":"Kaffee","member_count":2})");
    co_await expect(alice, R"({"event":"join","room":"Kaffee"})");
    co_await bob.send_text(R"({"message":"Hello","room":"kaffee"})");
    co_await expect(alice, R"({"message":"Hello","room":"Kaffee"})");
    co_await expect(bob, R"({"message":"Hello","room":"Kaffee"})");
    co_await bob.send_text(R"({"type":"leave","room":"kaffeE"})");
    co_await expect(bob, R"({"type":"left","room":"Kaffee"})");
}

SERVER_TEST(somebody_without_a_name_counts_and_is_not_listed) {
    WebSocketClient nameless = co_await server.join_nameless();
    co_await join(nameless, "cpp", "[]");
    WebSocketClient alice = co_await come(server, "Alice", Clients(1, &nameless));
    co_await join(alice, "cpp", R"(["Alice"])");
    co_await expect(nameless, R"({"event":"join","room":"cpp","member_count":2})");
    WebSocketClient other = co_await server.join_nameless();
    co_await expect(alice, R"({"event":"join","connected_count":3})");
    co_await other.send_text(R"({"type":"join","room":"cpp"})");
    co_await expect(other, R"({"type":"joined","member_count":3})");
    const json::object join =
        co_await expect(alice, R"({"event":"join","message":"Someone joined the room cpp"})");
    BOOST_TEST(!join.contains("username"));
}

SERVER_TEST(what_one_may_not_do_is_an_error_that_names_the_room) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await come(server, "Bob", Clients(1, &alice));
    co_await join(bob, "cpp", R"(["Bob"])");
    for (const std::string type : {"leave", "who", "typing"}) {
        co_await alice.send_text(fmt::format(R"({{"type":"{}","room":"cpp"}})", type));
        co_await expect(alice, R"({"type":"error","code":"not_in_room","room":"cpp",)"
                               R"("message":"You are not in the room cpp"})");
    }
    co_await alice.send_text(R"({"message":"Let me in","room":"cpp"})");
    co_await expect(alice, R"({"type":"error","code":"not_in_room","room":"cpp"})");
    for (const std::string room : {"", " ", "a\\u0007b", "a\\u202eb"}) {
        co_await alice.send_text(fmt::format(R"({{"type":"join","room":"{}"}})", room));
        co_await expect(alice, R"({"type":"error","code":"invalid_room"})");
    }
    for (const std::string frame :
         {R"({"type":"join"})", R"({"type":"leave","room":null})", R"({"type":"join","room":7})"}) {
        co_await alice.send_text(frame);
        co_await expect(alice, R"({"type":"error","code":"invalid_format"})");
    }
    co_await alice.expect_nothing();
    co_await bob.expect_nothing();
}

SERVER_TEST(a_connection_may_be_in_16_rooms) {
    WebSocketClient alice = co_await server.join("Alice");
    for (int i = 0; i < 16; ++i) {
        co_await join(alice, fmt::format("room {}", i), R"(["Alice"])");
    }
    co_await alice.send_text(R"({"type":"join","room":"one more"})");
    co_await expect(alice, R"({"type":"error","code":"too_many_rooms","room":"one more"})");
    co_await join(alice, "room 3", R"(["Alice"])");
    co_await alice.send_text(R"({"type":"leave","room":"room 3"})");
    co_await expect(alice, R"({"type":"left"})");
    co_await join(alice, "one more", R"(["Alice"])");
    BOOST_TEST(server.manager().rooms().size() == 16U);
    BOOST_TEST(server.chat().refusals().of("too_many_rooms") == 1U);
}

SERVER_TEST(status_and_rooms_count_the_members) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await come(server, "Bob", Clients(1, &alice));
    co_await join(alice, "Zoo", R"(["Alice"])");
    co_await join(bob, "Zoo", R"(["Alice","Bob"])");
    co_await join(bob, "apes", R"(["Bob"])");
    const HttpResponse rooms = co_await get(server.port(), "/rooms");
    BOOST_TEST(rooms.status == 200U);
    BOOST_TEST(rooms.body == R"({"rooms":[{"room":"apes","member_count":1,"members":["Bob"]},)"
                             R"({"room":"Zoo","member_count":2,"members":["Alice","Bob"]}]})");
    const HttpResponse status = co_await get(server.port(), "/ws/status");
    BOOST_TEST(
        (status.json().at("rooms") ==
         json::parse(R"([{"room":"apes","member_count":1},{"room":"Zoo","member_count":2}])")));
}

SERVER_TEST(a_private_message_goes_to_its_target_whatever_the_room) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await come(server, "Bob", Clients(1, &alice));
    co_await join(alice, "cpp", R"(["Alice"])");
    co_await alice.send_text(R"({"message":"psst","target_user":"BOB","room":"cpp"})");
    co_await expect(bob, R"({"type":"private","from":"Alice","message":"psst"})");
    co_await expect(alice, R"({"type":"confirmation"})");
}

BOOST_AUTO_TEST_SUITE_END()
