// permessage-deflate (RFC 7692): messages may come compressed, and go out as they are.
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>

using namespace test;
using namespace std::string_literals;

namespace {

/// "Hello", compressed, as in RFC 7692, section 7.2.3.1.
const std::string hello = "\xf2\x48\xcd\xc9\xc9\x07\x00"s;
/// The same again, by reference to the first, as in section 7.2.3.2.
const std::string hello_again = "\xf2\x00\x11\x00\x00"s;

constexpr unsigned compressed = 4;  // RSV1

/// What Chromium and Firefox send.
const std::string usual_offer = "permessage-deflate; client_max_window_bits";

Frame compressed_text(std::string payload) {
    Frame frame;
    frame.payload = std::move(payload);
    frame.reserved = compressed;
    return frame;
}

awaitable<WebSocketClient> connect_with_offer(TestServer& server, std::string target,
                                              std::string offer = usual_offer) {
    ConnectOptions options;
    options.headers = "Sec-WebSocket-Extensions: " + offer + "\r\n";
    WebSocketClient client =
        co_await WebSocketClient::connect(server.port(), std::move(target), std::move(options));
    co_return client;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(compression)

SERVER_TEST(it_is_agreed_on_if_the_client_offers_it) {
    for (const std::string& offer :
         {usual_offer, usual_offer + "=15", usual_offer + "; server_no_context_takeover",
          "x-unknown, " + usual_offer}) {
        WebSocketClient client = co_await connect_with_offer(server, "/ws", offer);
        const std::string agreed = client.response().header("sec-websocket-extensions");
        BOOST_TEST(agreed.starts_with("permessage-deflate"), agreed);
        co_await client.close();
    }
}

SERVER_TEST(it_is_not_spoken_of_if_the_client_does_not_offer_it) {
    WebSocketClient client = co_await server.connect("/ws");
    BOOST_TEST(client.response().header("sec-websocket-extensions").empty());
    co_await client.send(compressed_text(hello));
    co_await client.expect_close(1002);
}

SERVER_TEST(compressed_messages_are_understood_and_answers_arrive) {
    WebSocketClient client = co_await connect_with_offer(server, "/ws");
    for (const std::string& payload : {hello, hello_again, hello_again}) {
        co_await client.send(compressed_text(payload));
        const std::string answer = co_await client.receive_text();
        BOOST_TEST(answer == "Echo: Hello");
    }
    co_await client.send_text("plain");
    const std::string answer = co_await client.receive_text();
    BOOST_TEST(answer == "Echo: plain");
    co_await client.close();
}

SERVER_TEST(a_compressed_message_may_come_in_fragments) {
    WebSocketClient client = co_await connect_with_offer(server, "/ws");
    Frame first = compressed_text(hello.substr(0, 3));
    first.fin = false;
    Frame second;
    second.opcode = opcode::continuation;
    second.payload = hello.substr(3);
    co_await client.send(first);
    co_await client.send(second);
    const std::string answer = co_await client.receive_text();
    BOOST_TEST(answer == "Echo: Hello");
}

SERVER_TEST(both_kinds_of_client_hear_the_same_chat) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await connect_with_offer(server, "/ws/chat/Bob");
    const auto welcome = co_await bob.receive_json();
    BOOST_TEST(welcome.at("event").as_string() == "welcome");
    co_await alice.receive_json();
    co_await alice.send_text(R"({"message":"to all"})");
    for (WebSocketClient* const client : {&alice, &bob}) {
        const auto heard = co_await client->receive_json();
        BOOST_TEST(heard.at("message").as_string() == "to all");
    }
}

SERVER_TEST(bytes_that_are_not_deflated_end_the_connection) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient client = co_await connect_with_offer(server, "/ws");
    co_await client.send(compressed_text(std::string(20, '\xFF')));
    const std::string rest = co_await client.tcp().read_to_end();
    BOOST_TEST(rest.size() < 130U);
    co_await alice.expect_nothing();
}

SERVER_TEST(a_small_message_that_inflates_beyond_the_limit_is_refused) {
    // 1 MiB of zero bytes deflates to about 1 KiB: a stored-length run of the longest matches.
    WebSocketClient client = co_await connect_with_offer(server, "/ws");
    // A block with fixed codes: the literal 'a', then matches of 258 bytes at distance 1.
    std::string bits;
    const auto put = [&bits](unsigned value, int count, bool most_significant_first) {
        for (int i = 0; i < count; ++i) {
            const int at = most_significant_first ? count - 1 - i : i;
            bits.push_back((value >> at & 1U) != 0 ? '1' : '0');
        }
    };
    put(0, 1, false);          // not the last block
    put(1, 2, false);          // fixed Huffman codes
    put(0x30 + 'a', 8, true);  // the literal
    for (int i = 0; i < 4096; ++i) {
        put(0b11000101, 8, true);  // length 258
        put(0, 5, true);           // distance 1
    }
    put(0, 7, true);   // end of block
    put(0, 3, false);  // the empty stored block whose last four bytes RFC 7692 leaves out
    std::string payload;
    for (std::size_t i = 0; i < bits.size(); i += 8) {
        unsigned byte = 0;
        for (std::size_t bit = 0; bit < 8 && i + bit < bits.size(); ++bit) {
            byte |= (bits[i + bit] == '1' ? 1U : 0U) << bit;
        }
        payload.push_back(static_cast<char>(byte));
    }
    BOOST_TEST(payload.size() < 10'000U);
    co_await client.send(compressed_text(payload));
    co_await client.expect_close(1009);
}

BOOST_AUTO_TEST_SUITE_END()
