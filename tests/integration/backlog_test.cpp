// A reader that is behind: it gets the rest from the log as it drains, or is told of the gap.
#include "support/conversation.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

using namespace test;

namespace {

TestServerOptions keeping(std::size_t messages) {
    TestServerOptions options = quiet();
    options.chat.history.max_messages = messages;
    options.server.send_timeout = 60s;  // the slow reader takes nothing until all was said
    return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(backlog)

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

BOOST_AUTO_TEST_SUITE_END()
