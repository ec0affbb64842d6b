// permessage-deflate (RFC 7692) is declined: what clients that offer it see.
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>

using namespace test;

namespace {

/// What Chromium and Firefox send.
const std::string usual_offer = "permessage-deflate; client_max_window_bits";

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

SERVER_TEST(it_is_declined_and_the_connection_works_without) {
    for (const std::string& offer :
         {usual_offer, usual_offer + "=15", usual_offer + "; server_no_context_takeover",
          "x-unknown, " + usual_offer}) {
        WebSocketClient client = co_await connect_with_offer(server, "/ws", offer);
        BOOST_TEST(client.response().header("sec-websocket-extensions").empty());
        co_await client.send_text("plain");
        const std::string answer = co_await client.receive_text();
        BOOST_TEST(answer == "Echo: plain");
        co_await client.close();
    }
}

SERVER_TEST(whoever_compresses_regardless_is_closed) {
    WebSocketClient client = co_await connect_with_offer(server, "/ws");
    Frame frame;
    frame.payload = "x";
    frame.reserved = 4;  // RSV1: compressed
    co_await client.send(frame);
    co_await client.expect_close(1002);
}

SERVER_TEST(the_same_text_may_come_again_and_again) {
    // What Beast before Boost 1.90 stumbles over where it is compressed.
    WebSocketClient client = co_await connect_with_offer(server, "/ws");
    const std::string text(3000, 'a');
    for (int i = 0; i < 20; ++i) {
        co_await client.send_text(text);
        const std::string answer = co_await client.receive_text();
        BOOST_TEST((answer == "Echo: " + text));
    }
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

BOOST_AUTO_TEST_SUITE_END()
