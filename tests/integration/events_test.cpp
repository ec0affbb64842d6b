// The chat by Server-Sent Events and POST. docs/protocol.md, section "Server-Sent Events".
#include "support/conversation.hpp"
#include "support/event_client.hpp"
#include "support/keys.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

using namespace test;
using std::chrono::system_clock;

namespace {

const std::string secret = "a secret of 32 bytes, or of more";

std::string make_token_for(std::string_view name, std::chrono::seconds valid) {
    const auto now = std::chrono::floor<std::chrono::seconds>(system_clock::now());
    return make_token(
        fmt::format(R"({{"sub":"{}","exp":{}}})", name, (now + valid).time_since_epoch().count()),
        secret);
}

TestServerOptions with_tokens() {
    TestServerOptions options = quiet();
    options.chat.identity = chat::IdentitySettings{.key = secret};
    options.chat.max_sessions_per_user = 1;
    return options;
}

awaitable<EventClient> open(TestServer& server, std::string target, std::string headers = {}) {
    EventClient client =
        co_await EventClient::connect(server.port(), std::move(target), std::move(headers));
    co_await client.enter();
    co_return client;
}

awaitable<boost::json::object> expect(EventClient& client, std::string_view type,
                                      source_location where = source_location::current()) {
    boost::json::object frame = co_await client.receive_json(where);
    BOOST_TEST_REQUIRE(text_of(frame, "type") == type,
                       to_string(where) << ": " << boost::json::serialize(frame));
    co_return frame;
}

awaitable<void> post(EventClient& client, std::string frame,
                     source_location where = source_location::current()) {
    const auto answer = co_await client.post(std::move(frame), where);
    BOOST_TEST(answer.status == 202U, to_string(where));
}

awaitable<void> expect_close(EventClient& client, int code, std::string_view reason,
                             source_location where = source_location::current()) {
    auto event = co_await client.receive_event(where);
    BOOST_TEST_REQUIRE(event["event"] == "close", to_string(where) << ": " << event["data"]);
    BOOST_TEST(event["data"] == fmt::format(R"({{"code":{},"reason":"{}"}})", code, reason),
               to_string(where));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(events)

SERVER_TEST(both_kinds_of_members_hear_each_other) {
    auto [bob, welcome] = co_await enter(server, "/ws/chat/Bob");
    EventClient alice = co_await open(server, "/events/chat/Alice");
    BOOST_TEST(alice.last_id() == text_of(welcome, "epoch") + ":0");
    const auto join = co_await expect(bob, "system");
    BOOST_TEST(text_of(join, "username") == "Alice");
    co_await post(alice, R"({"message":"Hello","id":"one"})");
    const auto heard = co_await expect(bob, "message");
    BOOST_TEST(text_of(heard, "username") == "Alice");
    const auto own = co_await expect(alice, "message");
    BOOST_TEST((own == heard));
    BOOST_TEST(alice.last_id() == text_of(welcome, "epoch") + ":1");
    co_await expect(alice, "ack");
    co_await bob.send_text(R"({"message":"Secret","target_user":"Alice"})");
    const auto secret_message = co_await expect(alice, "private");
    BOOST_TEST(text_of(secret_message, "message") == "Secret");
    BOOST_TEST(alice.last_id() == text_of(welcome, "epoch") + ":1");
    alice.tcp().close();
    co_await expect(bob, "confirmation");
    const auto leave = co_await expect(bob, "system");
    BOOST_TEST(text_of(leave, "event") == "leave");
}

SERVER_TEST(who_comes_back_gets_what_was_missed) {
    auto [bob, welcome] = co_await enter(server, "/ws/chat/Bob");
    co_await say(bob, 1);
    const std::string id = "Last-Event-ID: " + text_of(welcome, "epoch") + ":1\r\n";
    co_await say(bob, 2);
    // The header is newer than the query of the first request.
    EventClient alice =
        co_await open(server, "/events/chat/Alice?since=" + text_of(welcome, "epoch") + ":0", id);
    BOOST_TEST(alice.last_id().empty());
    const auto history = co_await expect(alice, "history");
    BOOST_TEST(numbers_in(history) == range(2, 3), boost::test_tools::per_element());
    BOOST_TEST(alice.last_id() == text_of(welcome, "epoch") + ":3");
}

// An id stands for all before it, so a stream must not leave a hole for the client to fill.
SERVER_TEST(what_has_no_room_in_a_history_follows_by_itself) {
    auto [bob, welcome] = co_await enter(server, "/ws/chat/Bob");
    const std::string epoch = text_of(welcome, "epoch");
    co_await say(bob, 250);
    EventClient alice = co_await open(server, "/events/chat/Alice?since=" + epoch + ":0");
    const auto history = co_await expect(alice, "history");
    BOOST_TEST(numbers_in(history) == range(1, 200), boost::test_tools::per_element());
    BOOST_TEST(alice.last_id() == epoch + ":200");
    for (int seq = 201; seq <= 250; ++seq) {
        const auto message = co_await expect(alice, "message");
        BOOST_TEST(number_of(message, "seq") == seq);
        BOOST_TEST(alice.last_id() == fmt::format("{}:{}", epoch, seq));
    }
}

SERVER_TEST(a_post_needs_a_stream_that_is_there) {
    const auto unknown = co_await post_message(server.port(), std::string(32, '0'), "{}");
    BOOST_TEST(unknown.status == 404U);
    const auto without = co_await post_message(server.port(), "", "{}");
    BOOST_TEST(without.status == 404U);
    EventClient alice = co_await open(server, "/events/chat/Alice");
    EventClient bob = co_await open(server, "/events/chat/Bob");
    BOOST_TEST(alice.session().size() == 32U);
    BOOST_TEST(alice.session() != bob.session());
    alice.tcp().close();
    co_await server.until_members(1);
    const auto gone = co_await alice.post("{}");
    BOOST_TEST(gone.status == 404U);
    const auto wrong_method = co_await get(server.port(), "/messages");
    BOOST_TEST(wrong_method.status == 405U);
    BOOST_TEST(wrong_method.header("allow") == "POST");
}

SERVER_TEST(frames_are_answered_in_order_and_errors_come_on_the_stream) {
    EventClient alice = co_await open(server, "/events/chat/Alice?room=cpp");
    co_await expect(alice, "joined");
    co_await post(alice, "not JSON");
    const auto error = co_await expect(alice, "error");
    BOOST_TEST(text_of(error, "code") == "invalid_format");
    co_await post(alice, "{\"message\":\"\xFF\"}");
    const auto not_utf8 = co_await expect(alice, "error");
    BOOST_TEST(text_of(not_utf8, "code") == "invalid_format");
    co_await post(alice, R"({"type":"who","room":"cpp"})");
    const auto users = co_await expect(alice, "users");
    BOOST_TEST(number_of(users, "member_count") == 1);
    const auto large = co_await alice.post(std::string(64 * 1024 + 1, 'x'));
    BOOST_TEST(large.status == 413U);
}

SERVER_TEST(who_is_refused_learns_why) {
    EventClient nobody = co_await EventClient::connect(server.port(), "/events/chat/%20");
    co_await expect_close(nobody, 1008, "Invalid username");
    const std::string rest = co_await nobody.tcp().read_to_end();
    BOOST_TEST(rest == "0\r\n\r\n");
    const auto foreign =
        co_await get(server.port(), "/events/chat/Alice", "Origin: http://elsewhere.example\r\n");
    BOOST_TEST(foreign.status == 403U);
    // An <img> of another site's page says no Origin.
    const auto image =
        co_await get(server.port(), "/events/chat/Alice", "Sec-Fetch-Site: cross-site\r\n");
    BOOST_TEST(image.status == 403U);
    BOOST_TEST(server.refusals().of("origin") == 2U);
    BOOST_TEST(server.manager().get_connection_count() == 0U);
}

SERVER_TEST(a_token_counts_as_on_a_websocket, with_tokens()) {
    EventClient without = co_await EventClient::connect(server.port(), "/events/chat/Alice");
    co_await expect_close(without, 1008, "Unauthorized");
    const std::string header =
        fmt::format("Authorization: Bearer {}\r\n", make_token_for("Alice", 1h));
    EventClient alice = co_await open(server, "/events/chat/Alice", header);
    EventClient second = co_await EventClient::connect(server.port(), "/events/chat/Alice", header);
    co_await expect_close(second, 1008, "Too many sessions");
    co_await post(
        alice, fmt::format(R"({{"type":"refresh","token":"{}"}})", make_token_for("Alice", -29s)));
    co_await expect(alice, "refreshed");
    const auto expired = co_await expect(alice, "error");
    BOOST_TEST(text_of(expired, "code") == "token_expired");
    co_await expect_close(alice, 1008, "Unauthorized");
}

SERVER_TEST(a_slow_reader_loses_its_stream_and_nobody_else_notices, [] {
    TestServerOptions options = quiet();
    options.server.outbox_limit = 64 * 1024;
    options.server.send_timeout = 500ms;
    return options;
}()) {
    auto [bob, welcome] = co_await enter(server, "/ws/chat/Bob");
    TcpOptions small;
    small.receive_buffer = 4096;
    EventClient alice =
        co_await EventClient::connect(server.port(), "/events/chat/Alice", "", small);
    co_await alice.enter();
    co_await expect(bob, "system");
    const std::string text = fmt::format(R"({{"message":"{}"}})", std::string(16 * 1024, 'x'));
    for (int i = 0; i < 200 && server.refusals().of("slow_consumer") == 0; ++i) {
        co_await bob.send_text(text);
        co_await bob.receive_json();
    }
    const auto is_found_out = [&] { return server.refusals().of("slow_consumer") == 1; };
    co_await until(is_found_out, "the slow reader");
    co_await server.until_members(1);
}

SERVER_TEST(a_shutdown_says_goodbye) {
    EventClient alice = co_await open(server, "/events/chat/Alice");
    co_await server.stop();
    co_await expect_close(alice, 1001, "Server is shutting down");
}

SERVER_TEST(a_comment_keeps_the_line_awake, [] {
    TestServerOptions options = quiet();
    options.server.ping_interval = 50ms;
    return options;
}()) {
    EventClient alice = co_await open(server, "/events/chat/Alice");
    const auto comment = co_await alice.receive_event();
    BOOST_TEST(comment.contains(""));
    BOOST_TEST(comment.size() == 1U);
}

SERVER_TEST(frames_have_the_same_limit, [] {
    TestServerOptions options = quiet();
    options.chat.message_rate = {.rate = 1, .burst = 2};
    return options;
}()) {
    EventClient alice = co_await open(server, "/events/chat/Alice");
    for (int i = 0; i < 3; ++i) {
        co_await post(alice, R"({"type":"heartbeat"})");
    }
    co_await expect(alice, "heartbeat_ack");
    co_await expect(alice, "heartbeat_ack");
    const auto error = co_await expect(alice, "error");
    BOOST_TEST(text_of(error, "code") == "rate_limited");
}

SERVER_TEST(what_is_said_is_paid_for, [] {
    TestServerOptions options = quiet();
    options.server.client_rate_out = 1;
    options.server.client_burst_out = 16 * 1024;
    return options;
}()) {
    EventClient alice = co_await open(server, "/events/chat/Alice");
    const std::string text = fmt::format(R"({{"message":"{}"}})", std::string(9 * 1024, 'x'));
    co_await post(alice, text);
    co_await expect(alice, "message");
    co_await post(alice, text);
    const auto error = co_await expect(alice, "error");
    BOOST_TEST(text_of(error, "code") == "rate_limited");
    BOOST_TEST(server.chat().refusals().of("bytes_out") == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
