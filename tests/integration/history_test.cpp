// What a client gets that was away, and one that looks back. docs/protocol.md, section "Delivery".
#include "support/conversation.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

using namespace test;

namespace {

TestServerOptions keeping(std::size_t messages) {
    TestServerOptions options = quiet();
    options.chat.history.max_messages = messages;
    return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(history)

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

BOOST_AUTO_TEST_SUITE_END()
