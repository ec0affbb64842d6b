// What a client may make the chat send: to all who hear it, wherever it connects from.
#include "support/keys.hpp"
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

using namespace test;
using std::chrono::system_clock;

namespace {

const std::string secret = "a secret of 32 bytes, or of more";

TestServerOptions bytes_out(double rate, std::uint32_t burst) {
    TestServerOptions options = quiet();
    options.server.client_rate_out = rate;
    options.server.client_burst_out = burst;
    return options;
}

TestServerOptions with_tokens(double rate, std::uint32_t burst) {
    TestServerOptions options = bytes_out(rate, burst);
    options.chat.identity = chat::IdentitySettings{.key = secret};
    return options;
}

awaitable<WebSocketClient> join_from(TestServer& server, std::string from, std::string target) {
    ConnectOptions options;
    options.from = std::move(from);
    WebSocketClient client =
        co_await WebSocketClient::connect(server.port(), std::move(target), std::move(options));
    const auto welcome = co_await client.receive_json();
    BOOST_TEST(welcome.at("event").as_string() == "welcome");
    co_return client;
}

std::string with_token(std::string_view name) {
    const auto now = std::chrono::floor<std::chrono::seconds>(system_clock::now());
    const std::string token = make_token(
        fmt::format(R"({{"sub":"{}","exp":{}}})", name, (now + 1h).time_since_epoch().count()),
        secret);
    return fmt::format("/ws/chat/{}?token={}", name, token);
}

std::string text(std::size_t size) {
    return fmt::format(R"({{"message":"{}"}})", std::string(size, 'x'));
}

awaitable<void> expect_message(WebSocketClient& client) {
    const auto heard = co_await client.receive_json();
    BOOST_TEST(heard.at("type").as_string() == "message");
}

/// Between these many milliseconds.
awaitable<void> expect_refusal(WebSocketClient& client, double least, double most) {
    const auto refusal = co_await client.receive_json();
    BOOST_TEST(refusal.at("code").as_string() == "rate_limited");
    const auto wait = refusal.at("retry_after_ms").to_number<double>();
    BOOST_TEST((wait >= least && wait <= most), "retry_after_ms is " << wait);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(budget_of_the_chat)

SERVER_TEST(a_message_costs_as_much_as_there_are_readers, bytes_out(1'000, 20'000)) {
    WebSocketClient alice = co_await join_from(server, "127.0.0.2", "/ws/chat/Alice");
    WebSocketClient bob = co_await join_from(server, "127.0.0.3", "/ws/chat/Bob");
    co_await alice.receive_json();
    co_await alice.send_text(text(8'000));  // twice that, and what two frames cost
    co_await expect_message(alice);
    co_await expect_message(bob);
    co_await alice.send_text(text(8'000));
    co_await expect_refusal(alice, 10'000, 18'000);
    BOOST_TEST(server.chat().refusals().of("bytes_out") == 1U);
    // Another client's budget is its own.
    co_await bob.send_text(text(8'000));
    co_await expect_message(alice);
    co_await expect_message(bob);
}

SERVER_TEST(connecting_anew_does_not_fill_the_budget_of_messages, bytes_out(1, 10'000)) {
    WebSocketClient bob = co_await join_from(server, "127.0.0.3", "/ws/chat/Bob");
    {
        WebSocketClient alice = co_await join_from(server, "127.0.0.2", "/ws/chat");
        co_await alice.send_text(text(3'000));
        co_await expect_message(alice);
        co_await alice.close();
    }
    co_await server.until_members(1);
    WebSocketClient alice = co_await join_from(server, "127.0.0.2", "/ws/chat");
    co_await alice.send_text(text(3'000));
    co_await expect_refusal(alice, 1'000'000, 10'000'000);
}

SERVER_TEST(who_cannot_pay_for_being_announced_is_told_to_try_again_later, bytes_out(1, 5'000)) {
    WebSocketClient alice = co_await join_from(server, "127.0.0.2", "/ws/chat/Alice");
    ConnectOptions from_bob;
    from_bob.from = "127.0.0.3";
    bool refused = false;
    for (int i = 0; i < 10 && !refused; ++i) {
        WebSocketClient bob =
            co_await WebSocketClient::connect(server.port(), "/ws/chat/Bob", from_bob);
        const Frame first = co_await bob.receive();
        refused = first.opcode == opcode::close;
        if (refused) {
            BOOST_TEST(first.payload == close_payload(1013, "Too much traffic"));
        }
        bob.tear();
        co_await server.until_members(1);
    }
    BOOST_TEST(refused);
    // Nobody heard of the one who was refused: as many have come as have gone.
    co_await alice.send_text(R"({"type":"who"})");
    int present = 0;
    for (auto heard = co_await alice.receive_json(); heard.at("type").as_string() == "system";
         heard = co_await alice.receive_json()) {
        present += heard.at("event").as_string() == "join" ? 1 : -1;
    }
    BOOST_TEST(present == 0);
}

SERVER_TEST(who_asks_who_is_there_pays_for_the_answer, bytes_out(1, 3'000)) {
    WebSocketClient alice = co_await join_from(server, "127.0.0.2", "/ws/chat/Alice");
    int answers = 0;
    for (; answers < 10; ++answers) {
        co_await alice.send_text(R"({"type":"who"})");
        const auto answer = co_await alice.receive_json();
        if (answer.at("type").as_string() == "error") {
            break;
        }
    }
    BOOST_TEST((answers > 0 && answers < 10));
}

SERVER_TEST(who_has_a_token_is_one_client_wherever_it_connects_from, with_tokens(1, 10'000)) {
    WebSocketClient one = co_await join_from(server, "127.0.0.2", with_token("Alice"));
    WebSocketClient two = co_await join_from(server, "127.0.0.3", with_token("Alice"));
    WebSocketClient bob = co_await join_from(server, "127.0.0.2", with_token("Bob"));
    co_await one.receive_json();
    co_await two.receive_json();
    co_await one.send_text(text(2'000));
    co_await expect_message(one);
    co_await expect_message(two);
    co_await two.send_text(text(2'000));
    co_await expect_refusal(two, 1'000, 10'000'000);
    co_await bob.receive_json();
    co_await bob.send_text(text(2'000));
    co_await expect_message(bob);
}

BOOST_AUTO_TEST_SUITE_END()
