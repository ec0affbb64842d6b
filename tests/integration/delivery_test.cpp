// Messages are numbered, acknowledged and kept: what a client gets that was away, and one that
// sends again. docs/protocol.md, section "Delivery".
#include "support/temporary_directory.hpp"
#include "support/test_server.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

using namespace test;
namespace json = boost::json;

namespace {

TestServerOptions with_database(const TemporaryDirectory& folder) {
    TestServerOptions options = quiet();
    options.chat.database = folder.path() / "chat.db";
    options.chat.history.max_messages = 0;
    return options;
}

TestServerOptions keeping(std::size_t messages) {
    TestServerOptions options = quiet();
    options.chat.history.max_messages = messages;
    return options;
}

std::string text_of(const json::object& frame, std::string_view key) {
    return std::string(frame.at(key).as_string());
}

int number_of(const json::object& frame, std::string_view key) {
    return frame.at(key).to_number<int>();
}

/// The numbers of the messages in a `history`.
std::vector<int> numbers_in(const json::object& history) {
    BOOST_TEST_REQUIRE(text_of(history, "type") == "history", json::serialize(history));
    std::vector<int> numbers;
    for (const json::value& message : history.at("messages").as_array()) {
        numbers.push_back(number_of(message.as_object(), "seq"));
    }
    return numbers;
}

/// `first` to `last`.
std::vector<int> range(int first, int last) {
    std::vector<int> numbers;
    for (int number = first; number <= last; ++number) {
        numbers.push_back(number);
    }
    return numbers;
}

struct Entered {
    WebSocketClient client;
    json::object welcome;

    std::string position(int seq) const {
        return fmt::format("{}:{}", text_of(welcome, "epoch"), seq);
    }
    std::string inbox_position(int seq) const {
        return fmt::format("{}:{}", text_of(welcome.at("inbox").as_object(), "epoch"), seq);
    }
};

awaitable<Entered> enter(TestServer& server, std::string target) {
    WebSocketClient client = co_await server.connect(std::move(target));
    json::object welcome = co_await client.receive_json();
    BOOST_TEST_REQUIRE(text_of(welcome, "event") == "welcome");
    co_return Entered{std::move(client), std::move(welcome)};
}

/// Says so many messages in the lobby, and hears them.
awaitable<void> say(WebSocketClient& client, int count) {
    for (int i = 0; i < count; ++i) {
        co_await client.send_text(R"({"message":"Hello"})");
        const auto heard = co_await client.receive_json();
        BOOST_TEST_REQUIRE(text_of(heard, "type") == "message", json::serialize(heard));
    }
}

/// The next frame is of that type.
awaitable<json::object> expect(WebSocketClient& client, std::string_view type,
                               source_location where = source_location::current()) {
    json::object frame = co_await client.receive_json(where);
    BOOST_TEST_REQUIRE(text_of(frame, "type") == type, to_string(where)
                                                           << ": " << json::serialize(frame));
    co_return frame;
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

SERVER_TEST(who_comes_back_gets_what_came_in_between_before_what_comes_now) {
    auto [alice, welcome] = co_await enter(server, "/ws/chat/Alice");
    co_await say(alice, 5);
    const std::string since = fmt::format("{}:2", text_of(welcome, "epoch"));
    WebSocketClient bob = co_await server.connect("/ws/chat/Bob?since=" + since);
    co_await alice.receive_json();
    co_await say(alice, 1);
    const auto bob_welcome = co_await expect(bob, "system");
    BOOST_TEST(number_of(bob_welcome, "seq") >= 5);
    const auto history = co_await expect(bob, "history");
    BOOST_TEST(history.at("recovered").as_bool());
    std::vector<int> numbers = numbers_in(history);
    while (numbers.back() < 6) {
        const auto live = co_await expect(bob, "message");
        numbers.push_back(number_of(live, "seq"));
    }
    BOOST_TEST(numbers == range(3, 6));
    co_await bob.expect_nothing();
}

SERVER_TEST(who_has_missed_nothing_is_told_so) {
    auto [alice, welcome] = co_await enter(server, "/ws/chat/Alice");
    co_await say(alice, 2);
    auto [bob, again] =
        co_await enter(server, fmt::format("/ws/chat/Bob?since={}:2", text_of(welcome, "epoch")));
    const auto history = co_await expect(bob, "history");
    BOOST_TEST(history.at("recovered").as_bool());
    BOOST_TEST(numbers_in(history).empty());
    BOOST_TEST(number_of(history, "seq") == 2);
}

SERVER_TEST(a_gap_is_announced_with_the_last_fifty, keeping(100)) {
    auto alice = co_await enter(server, "/ws/chat/Alice");
    WebSocketClient& client = alice.client;
    co_await say(client, 150);
    auto trimmed = co_await enter(server, "/ws/chat/Bob?since=" + alice.position(49));
    const auto first = co_await expect(trimmed.client, "history");
    BOOST_TEST(!first.at("recovered").as_bool());
    BOOST_TEST(text_of(first, "reason") == "trimmed");
    BOOST_TEST(numbers_in(first) == range(101, 150));
    auto just_kept = co_await enter(server, "/ws/chat/Bob?since=" + alice.position(50));
    const auto second = co_await expect(just_kept.client, "history");
    BOOST_TEST(second.at("recovered").as_bool());
    BOOST_TEST(numbers_in(second) == range(51, 150));
    auto other_log = co_await enter(server, "/ws/chat/Bob?since=another:149");
    const auto third = co_await expect(other_log.client, "history");
    BOOST_TEST(text_of(third, "reason") == "epoch");
    auto ahead = co_await enter(server, "/ws/chat/Bob?since=" + alice.position(151));
    const auto fourth = co_await expect(ahead.client, "history");
    BOOST_TEST(text_of(fourth, "reason") == "epoch");
}

SERVER_TEST(more_than_two_hundred_are_asked_for_page_by_page) {
    auto alice = co_await enter(server, "/ws/chat/Alice");
    WebSocketClient& client = alice.client;
    co_await say(client, 450);
    auto bob = co_await enter(server, "/ws/chat/Bob?since=" + alice.position(0));
    auto history = co_await expect(bob.client, "history");
    std::vector<int> numbers = numbers_in(history);
    BOOST_TEST(numbers.size() == 200U);
    BOOST_TEST(number_of(history, "seq") == 450);
    while (history.contains("more")) {
        co_await bob.client.send_text(
            fmt::format(R"({{"type":"history","since":"{}"}})", alice.position(numbers.back())));
        history = co_await expect(bob.client, "history");
        BOOST_TEST(history.at("recovered").as_bool());
        const auto more = numbers_in(history);
        numbers.insert(numbers.end(), more.begin(), more.end());
    }
    BOOST_TEST(numbers == range(1, 450));
}

SERVER_TEST(what_is_no_position_is_an_error) {
    auto alice = co_await enter(server, "/ws/chat/Alice?since=garbage");
    const auto error = co_await expect(alice.client, "error");
    BOOST_TEST(text_of(error, "code") == "invalid_since");
    for (const char* const since : {"", ":1", "e:", "e:-1", "e:1x", "e:99999999999999999999"}) {
        co_await alice.client.send_text(fmt::format(R"({{"type":"history","since":"{}"}})", since));
        const auto again = co_await expect(alice.client, "error");
        BOOST_TEST(text_of(again, "code") == "invalid_since", since);
    }
    // And live messages come.
    co_await say(alice.client, 1);
}

SERVER_TEST(looking_back_goes_page_by_page_to_the_first) {
    WebSocketClient alice = co_await server.join("Alice");
    co_await say(alice, 5);
    co_await alice.send_text(R"({"type":"history","limit":2})");
    const auto last = co_await expect(alice, "history");
    BOOST_TEST(numbers_in(last) == range(4, 5));
    BOOST_TEST(last.at("more").as_bool());
    BOOST_TEST(!last.contains("recovered"));
    co_await alice.send_text(R"({"type":"history","before":4,"limit":3})");
    const auto first = co_await expect(alice, "history");
    BOOST_TEST(numbers_in(first) == range(1, 3));
    BOOST_TEST(number_of(first, "before") == 4);
    BOOST_TEST(!first.contains("more"));
    for (const char* const wrong :
         {R"("limit":0)", R"("limit":201)", R"("limit":"5")", R"("before":-1)",
          R"("before":2,"since":"e:1")", R"("inbox":true,"room":"cpp")", R"("inbox":1)"}) {
        co_await alice.send_text(fmt::format(R"({{"type":"history",{}}})", wrong));
        const auto error = co_await expect(alice, "error");
        BOOST_TEST(text_of(error, "code") == "invalid_format", wrong);
    }
}

SERVER_TEST(a_room_has_a_log_of_its_own_for_its_members) {
    WebSocketClient alice = co_await server.join("Alice");
    co_await alice.send_text(R"({"type":"join","room":"Cpp"})");
    const auto joined = co_await expect(alice, "joined");
    BOOST_TEST(number_of(joined, "seq") == 0);
    co_await alice.send_text(R"({"message":"a","room":"cpp","id":"1"})");
    const auto message = co_await expect(alice, "message");
    BOOST_TEST(number_of(message, "seq") == 1);
    const auto ack = co_await expect(alice, "ack");
    BOOST_TEST(text_of(ack, "room") == "Cpp");
    const std::string since = text_of(joined, "epoch") + ":0";

    auto bob = co_await enter(server, "/ws/chat/Bob?room=cpp&room_since=" + since);
    co_await expect(bob.client, "joined");
    const auto history = co_await expect(bob.client, "history");
    BOOST_TEST(text_of(history, "room") == "Cpp");
    BOOST_TEST(numbers_in(history) == range(1, 1));

    WebSocketClient carol = co_await server.join_nameless();
    co_await carol.send_text(R"({"type":"history","room":"cpp"})");
    const auto refused = co_await expect(carol, "error");
    BOOST_TEST(text_of(refused, "code") == "not_in_room");
    co_await carol.send_text(R"({"type":"history","inbox":true})");
    const auto no_inbox = co_await expect(carol, "error");
    BOOST_TEST(text_of(no_inbox, "code") == "not_in_room");
}

SERVER_TEST(a_room_that_is_empty_keeps_its_log) {
    auto alice = co_await enter(server, "/ws/chat/Alice?room=cpp");
    const auto joined = co_await expect(alice.client, "joined");
    co_await alice.client.send_text(R"({"message":"a","room":"cpp"})");
    co_await expect(alice.client, "message");
    co_await alice.client.close();
    co_await server.until_members(0);
    auto again = co_await enter(
        server, fmt::format("/ws/chat/Alice?room=cpp&room_since={}:0", text_of(joined, "epoch")));
    const auto rejoined = co_await expect(again.client, "joined");
    BOOST_TEST(text_of(rejoined, "epoch") == text_of(joined, "epoch"));
    const auto history = co_await expect(again.client, "history");
    BOOST_TEST(numbers_in(history) == range(1, 1));
}

SERVER_TEST(an_inbox_is_for_who_brings_its_epoch) {
    auto bob = co_await enter(server, "/ws/chat/Bob");
    WebSocketClient alice = co_await server.join("Alice");
    co_await alice.send_text(R"({"message":"psst","target_user":"Bob","id":"p"})");
    const auto confirmation = co_await expect(alice, "confirmation");
    BOOST_TEST(text_of(confirmation, "id") == "p");
    co_await bob.client.close();
    co_await server.until_members(1);

    auto again = co_await enter(server, "/ws/chat/Bob?inbox=" + bob.inbox_position(0));
    const auto history = co_await expect(again.client, "history");
    BOOST_TEST(history.at("inbox").as_bool());
    BOOST_TEST(numbers_in(history) == range(1, 1));
    co_await again.client.close();
    co_await server.until_members(1);

    auto stranger = co_await enter(server, "/ws/chat/Bob");
    BOOST_TEST(stranger.inbox_position(0) != bob.inbox_position(0));
    co_await stranger.client.send_text(R"({"type":"history","inbox":true})");
    const auto nothing = co_await expect(stranger.client, "history");
    BOOST_TEST(numbers_in(nothing).empty());
    co_await stranger.client.close();
    co_await server.until_members(1);

    // It's gone for its first owner, too.
    auto late = co_await enter(server, "/ws/chat/Bob?inbox=" + bob.inbox_position(1));
    const auto gap = co_await expect(late.client, "history");
    BOOST_TEST(text_of(gap, "reason") == "epoch");
}

TestServerOptions without_resuming() {
    TestServerOptions options = quiet();
    options.chat.resume_window = 0s;
    return options;
}

SERVER_TEST(an_inbox_waits_for_its_user_no_longer_than_set, without_resuming()) {
    auto bob = co_await enter(server, "/ws/chat/Bob");
    co_await bob.client.send_text(R"({"message":"note","target_user":"Bob"})");
    co_await expect(bob.client, "private");
    co_await bob.client.close();
    co_await server.until_members(0);
    auto again = co_await enter(server, "/ws/chat/Bob?inbox=" + bob.inbox_position(0));
    const auto gap = co_await expect(again.client, "history");
    BOOST_TEST(text_of(gap, "reason") == "epoch");
    BOOST_TEST(numbers_in(gap).empty());
}

TestServerOptions without_looking_back() {
    TestServerOptions options = quiet();
    options.chat.look_back = false;
    return options;
}

SERVER_TEST(newcomers_may_be_kept_from_looking_back, without_looking_back()) {
    auto alice = co_await enter(server, "/ws/chat/Alice");
    co_await say(alice.client, 3);
    auto bob = co_await enter(server, "/ws/chat/Bob?since=" + alice.position(1));
    const auto gap = co_await expect(bob.client, "history");
    BOOST_TEST(text_of(gap, "reason") == "look_back");
    BOOST_TEST(numbers_in(gap).empty());
    co_await alice.client.receive_json();
    co_await say(alice.client, 1);
    co_await expect(bob.client, "message");
    co_await bob.client.send_text(R"({"type":"history"})");
    const auto own_time = co_await expect(bob.client, "history");
    BOOST_TEST(numbers_in(own_time) == range(4, 4));
    co_await bob.client.send_text(
        fmt::format(R"({{"type":"history","since":"{}"}})", alice.position(0)));
    const auto refused = co_await expect(bob.client, "history");
    BOOST_TEST(text_of(refused, "reason") == "look_back");
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

SERVER_TEST(a_reader_that_is_behind_gets_everything_in_order_from_the_log, keeping(0)) {
    constexpr int count = 600;
    WebSocketClient alice = co_await server.join("Alice");
    ConnectOptions small;
    small.receive_buffer = 4096;
    WebSocketClient slow = co_await WebSocketClient::connect(server.port(), "/ws/chat/Slow", small);
    co_await slow.receive_json();
    co_await alice.receive_json();
    // 9 MB, of which the server queues 64 KiB.
    const std::string frame = R"({"message":")" + std::string(16 * 1024, 'x') + R"("})";
    for (int i = 0; i < count; ++i) {
        co_await alice.send_text(frame);
        co_await expect(alice, "message");
    }
    for (int seq = 1; seq <= count; ++seq) {
        const auto message = co_await expect(slow, "message");
        BOOST_TEST_REQUIRE(number_of(message, "seq") == seq);
    }
    co_await say(alice, 1);
    const auto live = co_await expect(slow, "message");
    BOOST_TEST(number_of(live, "seq") == count + 1);
    BOOST_TEST(server.refusals().of("slow_consumer") == 0U);
}

SERVER_TEST(a_reader_behind_what_the_log_keeps_is_told_of_the_gap, keeping(60)) {
    constexpr int count = 600;
    WebSocketClient alice = co_await server.join("Alice");
    ConnectOptions small;
    small.receive_buffer = 4096;
    WebSocketClient slow = co_await WebSocketClient::connect(server.port(), "/ws/chat/Slow", small);
    co_await slow.receive_json();
    co_await alice.receive_json();
    const std::string frame = R"({"message":")" + std::string(16 * 1024, 'x') + R"("})";
    for (int i = 0; i < count; ++i) {
        co_await alice.send_text(frame);
        co_await expect(alice, "message");
    }
    int seq = 0;
    int gaps = 0;
    while (seq < count) {
        const auto heard = co_await slow.receive_json();
        if (text_of(heard, "type") == "history") {
            BOOST_TEST(!heard.at("recovered").as_bool());
            const auto numbers = numbers_in(heard);
            BOOST_TEST_REQUIRE(!numbers.empty());
            BOOST_TEST(numbers == range(numbers.front(), numbers.back()));
            BOOST_TEST(numbers.front() > seq + 1);
            seq = numbers.back();
            ++gaps;
        } else {
            BOOST_TEST_REQUIRE(number_of(heard, "seq") == ++seq);
        }
    }
    BOOST_TEST(gaps >= 1);
    co_await slow.expect_nothing();
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
