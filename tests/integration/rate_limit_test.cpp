// How much one connection may say: what happens to whoever says more, and that nobody else notices.
#include "support/test_server.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

using namespace test;

namespace {

TestServerOptions with_rate(double rate, std::uint32_t burst) {
    TestServerOptions options = quiet();
    options.chat.message_rate = {.rate = rate, .burst = burst};
    return options;
}

TestServerOptions with_text_limit() {
    TestServerOptions options = quiet();
    options.chat.max_text_length = 5;
    return options;
}

awaitable<void> pause(std::chrono::milliseconds duration) {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, duration);
    co_await timer.async_wait(boost::asio::use_awaitable);
}

const std::string hello = R"({"message":"Hello"})";

}  // namespace

BOOST_AUTO_TEST_SUITE(rate_limit)

SERVER_TEST(a_burst_passes_and_then_a_frame_is_refused_with_the_time_to_wait, with_rate(5, 3)) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await server.join("Bob");
    co_await alice.receive_json();
    for (int i = 0; i < 4; ++i) {
        co_await alice.send_text(hello);
    }
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST((co_await alice.receive_json()).at("type").as_string() == "message");
        BOOST_TEST((co_await bob.receive_json()).at("type").as_string() == "message");
    }
    const auto error = co_await alice.receive_json();
    BOOST_TEST(error.at("code").as_string() == "rate_limited");
    const auto wait = error.at("retry_after_ms").to_number<int>();
    BOOST_TEST(wait > 0);
    BOOST_TEST(wait <= 200);
    BOOST_TEST(server.chat().refusals().of("rate_limited") == 1U);

    // Whoever waits for so long may go on.
    co_await pause(std::chrono::milliseconds(wait));
    co_await alice.send_text(hello);
    BOOST_TEST((co_await alice.receive_json()).at("type").as_string() == "message");
    BOOST_TEST((co_await bob.receive_json()).at("type").as_string() == "message");
}

SERVER_TEST(every_kind_of_frame_counts, with_rate(0.001, 4)) {
    WebSocketClient alice = co_await server.join("Alice");
    co_await alice.send_text("not JSON");
    co_await alice.send_text(R"({"type":"heartbeat"})");
    co_await alice.send_text(R"({"type":"pong"})");
    co_await alice.send_text(R"({"type":"who"})");
    co_await alice.send_text(R"({"type":"heartbeat"})");
    for (const std::string type : {"error", "heartbeat_ack", "users"}) {
        BOOST_TEST(((co_await alice.receive_json()).at("type").as_string() == type));
    }
    BOOST_TEST((co_await alice.receive_json()).at("code").as_string() == "rate_limited");
}

SERVER_TEST(whoever_goes_on_regardless_is_closed_and_nobody_else_notices, with_rate(1, 10)) {
    WebSocketClient bob = co_await server.join("Bob");
    WebSocketClient flooder = co_await server.join("Flooder");
    co_await bob.receive_json();
    for (int i = 0; i < 100; ++i) {
        co_await flooder.send_text(hello);
    }
    for (int i = 0; i < 10; ++i) {
        BOOST_TEST((co_await flooder.receive_json()).at("type").as_string() == "message");
    }
    int refused = 0;
    Frame frame = co_await flooder.receive();
    while (frame.opcode == opcode::text) {
        ++refused;
        frame = co_await flooder.receive();
    }
    BOOST_TEST(refused >= 20);
    BOOST_TEST(refused < 30);  // 20, and one for each second that this took
    BOOST_TEST(frame.opcode == opcode::close);
    BOOST_TEST(frame.payload == close_payload(1008, "Rate limit exceeded"));
    BOOST_TEST(server.chat().refusals().of("rate_limit_exceeded") == 1U);

    for (int i = 0; i < 10; ++i) {
        BOOST_TEST((co_await bob.receive_json()).at("username").as_string() == "Flooder");
    }
    BOOST_TEST((co_await bob.receive_json()).at("event").as_string() == "leave");
    co_await bob.send_text(hello);
    BOOST_TEST((co_await bob.receive_json()).at("message").as_string() == "Hello");
}

SERVER_TEST(each_connection_has_a_limit_of_its_own, with_rate(0.001, 2)) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient phone = co_await server.join("Alice");
    for (WebSocketClient* const client : {&alice, &phone}) {
        co_await client->send_text(R"({"type":"heartbeat"})");
        co_await client->send_text(R"({"type":"heartbeat"})");
        co_await client->receive_json();
        BOOST_TEST((co_await client->receive_json()).at("type").as_string() == "heartbeat_ack");
    }
}

SERVER_TEST(a_text_is_measured_in_characters, with_text_limit()) {
    WebSocketClient alice = co_await server.join("Alice");
    for (const std::string text : {"12345", "一二三四五", "😀😀😀😀😀"}) {
        co_await alice.send_text(fmt::format(R"({{"message":"{}"}})", text));
        BOOST_TEST(((co_await alice.receive_json()).at("message").as_string() == text));
    }
    for (const std::string text : {"123456", "一二三四五六"}) {
        co_await alice.send_text(fmt::format(R"({{"message":"{}"}})", text));
        const auto error = co_await alice.receive_json();
        BOOST_TEST(error.at("code").as_string() == "text_too_long");
        BOOST_TEST(error.at("limit").to_number<int>() == 5);
        BOOST_TEST(error.at("message").as_string() == "The message is longer than 5 characters");
    }
    co_await alice.expect_nothing();
    BOOST_TEST(server.chat().refusals().of("text_too_long") == 2U);
}

SERVER_TEST(json_may_be_32_deep) {
    WebSocketClient alice = co_await server.join("Alice");
    const auto nested = [](std::size_t depth) {
        return R"({"message":"x","more":)" + std::string(depth - 1, '[') +
               std::string(depth - 1, ']') + "}";
    };
    co_await alice.send_text(nested(32));
    BOOST_TEST((co_await alice.receive_json()).at("type").as_string() == "message");
    for (const std::size_t depth : {33U, 1000U, 30'000U}) {
        co_await alice.send_text(nested(depth));
        BOOST_TEST((co_await alice.receive_json()).at("code").as_string() == "invalid_format");
    }
}

SERVER_TEST(what_was_refused_is_counted_in_the_status, with_rate(0.001, 3)) {
    WebSocketClient alice = co_await server.join("Alice");
    co_await alice.send_text("not JSON");
    co_await alice.send_text(R"({"type":"nonsense"})");
    co_await alice.send_text(R"({"type":"leave","room":"x"})");
    co_await alice.send_text(hello);
    for (int i = 0; i < 4; ++i) {
        co_await alice.receive_json();
    }
    const HttpResponse response = co_await get(server.port(), "/ws/status");
    BOOST_TEST((response.json().at("refusals") ==
                boost::json::parse(R"({"invalid_format":1,"not_in_room":1,"rate_limited":1,)"
                                   R"("unknown_type":1})")));
}

BOOST_AUTO_TEST_SUITE_END()
