// Messages are numbered, acknowledged and kept. docs/protocol.md, section "Delivery".
#include "support/conversation.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

using namespace test;

namespace {

TestServerOptions with_database(const TemporaryDirectory& folder) {
    TestServerOptions options = quiet();
    options.chat.database = folder.path() / "chat.db";
    options.chat.history.max_messages = 0;
    return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(delivery)

SERVER_TEST(a_message_with_an_id_is_acknowledged_and_one_without_is_not) {
    auto [alice, welcome] = co_await enter(server, "/ws/chat/Alice");
    co_await alice.send_text(R"({"message":"a","id":"one"})");
    const auto message = co_await expect(alice, "message");
    BOOST_TEST(text_of(message, "id") == "one");
    BOOST_TEST(number_of(message, "seq") == 1);
    const auto ack = co_await expect(alice, "ack");
    BOOST_TEST(text_of(ack, "id") == "one");
    BOOST_TEST(number_of(ack, "seq") == 1);
    BOOST_TEST(text_of(ack, "epoch") == text_of(welcome, "epoch"));
    BOOST_TEST(!ack.contains("duplicate"));
    co_await say(alice, 1);
    co_await alice.expect_nothing();
}

SERVER_TEST(a_repeat_is_not_delivered_and_gets_the_first_number) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await server.join("Bob");
    co_await alice.receive_json();
    co_await alice.send_text(R"({"message":"a","id":"one"})");
    co_await expect(alice, "message");
    co_await expect(alice, "ack");
    co_await expect(bob, "message");
    co_await say(alice, 1);
    co_await expect(bob, "message");
    co_await alice.send_text(R"({"message":"a","id":"one"})");
    const auto ack = co_await expect(alice, "ack");
    BOOST_TEST(number_of(ack, "seq") == 1);
    BOOST_TEST(ack.at("duplicate").as_bool());
    co_await bob.expect_nothing();
    // Bob's ids are Bob's own.
    co_await bob.send_text(R"({"message":"b","id":"one"})");
    const auto message = co_await expect(bob, "message");
    BOOST_TEST(number_of(message, "seq") == 3);
}

SERVER_TEST(an_id_has_a_form) {
    WebSocketClient alice = co_await server.join("Alice");
    for (const std::string& id : {std::string(), std::string(65, 'x'), std::string("a b"),
                                  std::string("\xC3\xA9"), std::string("\\u0007")}) {
        co_await alice.send_text(fmt::format(R"({{"message":"a","id":"{}"}})", id));
        const auto error = co_await expect(alice, "error");
        BOOST_TEST(text_of(error, "code") == "invalid_format");
    }
    co_await alice.send_text(fmt::format(R"({{"message":"a","id":"{}"}})", std::string(64, '~')));
    co_await expect(alice, "message");
}

SERVER_TEST(an_error_about_a_message_names_it) {
    WebSocketClient alice = co_await server.join("Alice");
    co_await alice.send_text(R"({"message":"a","target_user":"Nobody","id":"x"})");
    const auto offline = co_await expect(alice, "error");
    BOOST_TEST(text_of(offline, "id") == "x");
    BOOST_TEST(!offline.at("retry").as_bool());
    co_await alice.send_text(R"({"message":"a","room":"nowhere","id":"y"})");
    const auto outside = co_await expect(alice, "error");
    BOOST_TEST(text_of(outside, "id") == "y");
}

TestServerOptions one_frame_an_hour() {
    TestServerOptions options = quiet();
    options.chat.message_rate = {.rate = 1.0 / 3600, .burst = 1};
    return options;
}

SERVER_TEST(a_message_that_came_too_fast_may_be_sent_again, one_frame_an_hour()) {
    WebSocketClient alice = co_await server.join("Alice");
    co_await say(alice, 1);
    co_await alice.send_text(R"({"message":"a","id":"x"})");
    const auto error = co_await expect(alice, "error");
    BOOST_TEST(text_of(error, "code") == "rate_limited");
    BOOST_TEST(text_of(error, "id") == "x");
    BOOST_TEST(error.at("retry").as_bool());
}

BOOST_AUTO_TEST_CASE(a_database_keeps_all_of_it_over_a_restart) {
    const TemporaryDirectory folder;
    std::string lobby;
    std::string inbox;
    {
        TestServer server(with_database(folder));
        const auto before = [](TestServer& there, std::string& lobby_position,
                               std::string& inbox_position) -> awaitable<void> {
            auto alice = co_await enter(there, "/ws/chat/Alice");
            lobby_position = alice.position(1);
            inbox_position = alice.inbox_position(0);
            for (const char* const id : {"1", "2", "3"}) {
                co_await alice.client.send_text(
                    fmt::format(R"({{"message":"Hello","id":"{}"}})", id));
                co_await expect(alice.client, "message");
                co_await expect(alice.client, "ack");
            }
            co_await alice.client.send_text(R"({"message":"note","target_user":"Alice"})");
            co_await expect(alice.client, "private");
            co_await expect(alice.client, "confirmation");
        };
        server.run(before(server, lobby, inbox));
    }
    TestServer server(with_database(folder));
    const auto after = [](TestServer& there, std::string lobby_position,
                          std::string inbox_position) -> awaitable<void> {
        auto alice = co_await enter(
            there, fmt::format("/ws/chat/Alice?since={}&inbox={}", lobby_position, inbox_position));
        const auto lobby_history = co_await expect(alice.client, "history");
        BOOST_TEST(lobby_history.at("recovered").as_bool());
        BOOST_TEST(numbers_in(lobby_history) == range(2, 3));
        const auto inbox_history = co_await expect(alice.client, "history");
        BOOST_TEST(inbox_history.at("inbox").as_bool());
        BOOST_TEST(numbers_in(inbox_history) == range(1, 1));
        co_await alice.client.send_text(R"({"message":"Hello","id":"2"})");
        const auto ack = co_await expect(alice.client, "ack");
        BOOST_TEST(number_of(ack, "seq") == 2);
        BOOST_TEST(ack.at("duplicate").as_bool());
        co_await alice.client.send_text(R"({"type":"history","before":3,"limit":1})");
        const auto old = co_await expect(alice.client, "history");
        BOOST_TEST(numbers_in(old) == range(2, 2));
        co_await alice.client.send_text(R"({"message":"more"})");
        const auto message = co_await expect(alice.client, "message");
        BOOST_TEST(number_of(message, "seq") == 4);
    };
    server.run(after(server, lobby, inbox));
}

BOOST_AUTO_TEST_CASE(messages_that_wait_for_the_disk_keep_their_order) {
    const TemporaryDirectory folder;
    TestServer server(with_database(folder));
    const auto test = [](TestServer& there) -> awaitable<void> {
        constexpr int count = 300;
        auto alice = co_await enter(there, "/ws/chat/Alice");
        WebSocketClient bob = co_await there.join("Bob");
        co_await alice.client.receive_json();
        for (int i = 1; i <= count; ++i) {
            // A join in between waits for its turn, too.
            if (i == count / 2) {
                co_await alice.client.send_text(R"({"type":"join","room":"cpp"})");
            }
            co_await alice.client.send_text(fmt::format(R"({{"message":"{}"}})", i));
        }
        for (int seq = 1; seq <= count; ++seq) {
            const auto message = co_await expect(bob, "message");
            BOOST_TEST_REQUIRE(number_of(message, "seq") == seq);
            BOOST_TEST_REQUIRE(text_of(message, "message") == std::to_string(seq));
        }
    };
    server.run(test(server));
}

BOOST_AUTO_TEST_SUITE_END()
