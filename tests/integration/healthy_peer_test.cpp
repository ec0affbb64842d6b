// A peer that keeps the rules is never taken for dead, however busy its handler is, and however its
// bytes arrive.
#include "beastapi/asyncio.hpp"
#include "chat/session.hpp"
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

using namespace test;
using beastapi::WebSocket;

namespace {

constexpr auto interval = 500ms;  // between pings
constexpr int backlog = 200;      // more messages than an inbox holds

/// Receives nothing for several intervals, then everything.
awaitable<void> works_before_it_reads(WebSocket websocket) {
    co_await websocket.accept();
    co_await beastapi::asyncio::sleep(4 * interval);
    for (int i = 0; i < backlog; ++i) {
        std::string text = co_await websocket.receive_text();
        co_await websocket.send_text(std::move(text));
    }
}

TestServerOptions with_a_busy_handler() {
    TestServerOptions options = quiet();
    options.server.ping_interval = interval;
    options.set_up = [](beastapi::App& app, chat::Chat&) {
        app.websocket("/busy", works_before_it_reads);
    };
    return options;
}

awaitable<void> send_backlog(WebSocketClient& client, std::string text) {
    for (int i = 0; i < backlog; ++i) {
        co_await client.send_text(text);
    }
}

std::string text_frame(std::string payload) {
    Frame frame;
    frame.payload = std::move(payload);
    return encode(frame);
}

std::string ping_frame() {
    Frame frame;
    frame.opcode = opcode::ping;
    frame.payload = "early";
    return encode(frame);
}

/// The handshake of a client that sends `frames` in the same segment.
awaitable<TcpClient> connect_with(TestServer& server, std::string frames) {
    TcpClient client = co_await TcpClient::connect(server.port());
    client.send_now(handshake_request("/ws") + frames);
    const HttpResponse response = co_await read_response(client);
    BOOST_TEST(response.status == 101U);
    co_return client;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(healthy_peer)

SERVER_TEST(one_whose_messages_wait_for_a_busy_handler_stays_connected, with_a_busy_handler()) {
    WebSocketClient client = co_await server.connect("/busy");
    for (int i = 0; i < backlog; ++i) {
        co_await client.send_text(fmt::format("{}", i));
    }
    for (int i = 0; i < backlog; ++i) {
        const std::string answer = co_await client.receive_text();  // and answers pings
        BOOST_TEST_REQUIRE(answer == fmt::format("{}", i));
    }
}

SERVER_TEST(one_whose_large_messages_wait_for_a_busy_handler_stays_connected,
            with_a_busy_handler()) {
    WebSocketClient client = co_await server.connect("/busy");
    const std::string payload(16 * 1024, 'x');
    Task sending = co_await Task::start(send_backlog(client, payload));
    for (int i = 0; i < backlog; ++i) {
        const std::string answer = co_await client.receive_text();
        BOOST_TEST_REQUIRE((answer == payload));
    }
    co_await sending.join();
}

SERVER_TEST(messages_in_the_segment_of_the_handshake_are_answered) {
    for (const int count : {1, 2, 100}) {
        std::string frames;
        for (int i = 0; i < count; ++i) {
            frames += text_frame("X");
        }
        TcpClient client = co_await connect_with(server, frames);
        for (int i = 0; i < count; ++i) {
            const std::string answer = co_await client.read(9);
            BOOST_TEST_REQUIRE(answer ==
                               "\x81\x07"
                               "Echo: X");
        }
    }
}

SERVER_TEST(a_message_larger_than_the_first_read_may_come_with_the_handshake) {
    const std::string payload(60'000, 'x');
    TcpClient client = co_await connect_with(server, text_frame(payload));
    const std::string head = co_await client.read(4);
    BOOST_TEST((head == std::string("\x81\x7e\xea\x66", 4)));
    const std::string answer = co_await client.read(60'006);
    BOOST_TEST((answer == "Echo: " + payload));
}

SERVER_TEST(a_frame_may_begin_in_the_segment_of_the_handshake_at_any_byte) {
    const std::string frame = text_frame("X");
    for (std::size_t cut = 0; cut <= frame.size(); ++cut) {
        TcpClient client = co_await connect_with(server, frame.substr(0, cut));
        co_await client.send(frame.substr(cut));
        const std::string answer = co_await client.read(9);
        BOOST_TEST(answer ==
                       "\x81\x07"
                       "Echo: X",
                   "cut at byte " << cut);
    }
}

SERVER_TEST(a_ping_in_the_segment_of_the_handshake_is_answered) {
    TcpClient client = co_await connect_with(server, ping_frame());
    const std::string pong = co_await client.read(7);
    BOOST_TEST(pong ==
               "\x8a\x05"
               "early");
}

SERVER_TEST(a_goodbye_in_the_segment_of_the_handshake_is_answered) {
    Frame goodbye;
    goodbye.opcode = opcode::close;
    goodbye.payload = close_payload(1000);
    TcpClient client = co_await connect_with(server, text_frame("X") + encode(goodbye));
    const std::string rest = co_await client.read_to_end();
    // The server may answer the message first, and need not (RFC 6455, section 5.5.1).
    BOOST_TEST(rest.ends_with("\x88\x02" + close_payload(1000)));
    client.close();
    co_await server.until_sessions(0);
}

BOOST_AUTO_TEST_SUITE_END()
