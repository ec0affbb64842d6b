// RFC 6455, section 5.5.1 and sections 6 and 7: each MUST that is the server's has a test, which
// begins with its number.
//
// Not here, because they bind the client: to mask (6.1), to fail the connection when the transport
// is lost (7.2.1), to wait before it comes back (7.2.3).
#include "beastapi/asyncio.hpp"
#include "integration/frames.hpp"

#include <array>
#include <string>

using namespace test;
using namespace std::string_literals;
using beastapi::WebSocket;
using beastapi::WebSocketDisconnect;

namespace {

TestServerOptions with(awaitable<void> (*handler)(WebSocket)) {
    TestServerOptions options = quiet();
    options.set_up = [handler](beastapi::App& app, chat::Chat&) {
        app.websocket("/test", handler);
    };
    return options;
}

awaitable<void> sends_after_its_close(WebSocket websocket) {
    co_await websocket.accept();
    co_await websocket.send_text("before");
    co_await websocket.close(4000, "over");
    websocket.post_text("after");
    websocket.post_volatile_text("after");
    co_await beastapi::asyncio::settle(websocket.send_text("after"));
}

awaitable<void> closes_with_a_code_that_is_never_sent(WebSocket websocket) {
    co_await websocket.accept();
    const std::string code = co_await websocket.receive_text();
    co_await websocket.close(static_cast<std::uint16_t>(std::stoi(code)));
}

awaitable<void> posts_three(WebSocket websocket) {
    co_await websocket.accept();
    websocket.post_text("");
    co_await websocket.send_bytes("two");
    websocket.post_text("three");
}

/// What the handler of the last connection saw at its end.
struct Seen {
    std::uint16_t code = 0;
    std::string reason;
};
Seen seen;

awaitable<void> notes_the_end(WebSocket websocket) {
    co_await websocket.accept();
    try {
        while (true) {
            co_await websocket.receive();
        }
    } catch (const WebSocketDisconnect& disconnect) {
        seen = Seen{disconnect.code(), disconnect.reason()};
    }
}

awaitable<void> until_seen(std::uint16_t code) {
    const auto is_seen = [code] { return seen.code == code; };
    co_await until(is_seen, "the handler to see the end");
    seen.code = 0;
}

bool is_close_frame(std::string_view bytes, std::uint16_t code) {
    return bytes.size() >= 4 && bytes[0] == '\x88' && bytes.substr(2, 2) == close_payload(code);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rfc6455)

SERVER_TEST(section_5_5_1_a_malformed_close_frame_fails_the_connection) {
    co_await check_closed(server, 1002, encode(frame_of(opcode::close, "\x03")));
    constexpr std::array<std::uint16_t, 9> codes{0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999};
    for (const std::uint16_t code : codes) {
        co_await check_closed(server, 1002, encode(frame_of(opcode::close, close_payload(code))));
    }
}

SERVER_TEST(section_5_5_1_a_reason_that_is_not_utf_8_fails_the_connection) {
    WebSocketClient client = co_await server.connect("/ws");
    co_await client.send(frame_of(opcode::close, close_payload(1000, "\xC3\x28")));
    const Frame answer = co_await client.receive();
    BOOST_TEST(answer.opcode == opcode::close);
    const bool refused = answer.payload.starts_with(close_payload(1002)) ||
                         answer.payload.starts_with(close_payload(1007));
    BOOST_TEST(refused);
}

SERVER_TEST(section_5_5_1_a_close_is_answered_with_its_own_code) {
    constexpr std::array<std::uint16_t, 8> codes{1000, 1001, 1002, 1003, 1007, 1011, 3000, 4999};
    for (const std::uint16_t code : codes) {
        WebSocketClient client = co_await server.connect("/ws");
        co_await client.close(code);
    }
}

SERVER_TEST(section_5_5_1_a_close_without_a_code_is_answered) {
    WebSocketClient client = co_await server.connect("/ws");
    co_await client.send(frame_of(opcode::close, ""));
    const Frame answer = co_await client.receive();
    BOOST_TEST(answer.opcode == opcode::close);
    const std::string rest = co_await client.tcp().read_to_end();
    BOOST_TEST(rest.empty());
}

SERVER_TEST(section_6_2_messages_before_the_close_are_received) {
    WebSocketClient client = co_await server.connect("/ws");
    co_await client.tcp().send(encode(frame_of(opcode::text, "one")) +
                               encode(frame_of(opcode::text, "two")));
    const std::string one = co_await client.receive_text();
    BOOST_TEST(one == "Echo: one");
    const std::string two = co_await client.receive_text();
    BOOST_TEST(two == "Echo: two");
    co_await client.close();
}

SERVER_TEST(section_5_5_1_what_comes_after_the_close_is_ignored) {
    WebSocketClient client = co_await server.connect("/ws");
    co_await client.tcp().send(encode(frame_of(opcode::close, close_payload(1000))) +
                               encode(frame_of(opcode::text, "late")));
    const Frame answer = co_await client.receive();
    BOOST_TEST(answer.opcode == opcode::close);
    const std::string rest = co_await client.tcp().read_to_end();
    BOOST_TEST(rest.empty());
}

SERVER_TEST(section_5_5_1_nothing_is_sent_after_a_close, with(sends_after_its_close)) {
    WebSocketClient client = co_await server.connect("/test");
    const std::string text = co_await client.receive_text();
    BOOST_TEST(text == "before");
    co_await client.send(frame_of(opcode::ping, "late"));
    co_await client.expect_close(4000, "over");
}

SERVER_TEST(section_5_5_1_a_simultaneous_close_of_both_sides_ends_the_connection,
            with(sends_after_its_close)) {
    WebSocketClient client = co_await server.connect("/test");
    co_await client.send(frame_of(opcode::close, close_payload(1000)));
    const std::string bytes = co_await client.tcp().read_to_end();
    // One close frame, whichever it is, and nothing behind it.
    const std::size_t at = bytes.find('\x88');
    BOOST_TEST_REQUIRE(at != std::string::npos);
    const auto length = static_cast<unsigned char>(bytes[at + 1]);
    BOOST_TEST(bytes.size() == at + 2 + length);
}

SERVER_TEST(section_5_5_1_the_server_closes_tcp_as_soon_as_both_have_said_goodbye) {
    WebSocketClient client = co_await server.connect("/ws");
    const auto begin = std::chrono::steady_clock::now();
    co_await client.close();  // waits for the end of the stream
    BOOST_TEST((std::chrono::steady_clock::now() - begin < 5s));
    co_await server.until_sessions(0);
}

SERVER_TEST(section_6_1_each_message_is_one_final_frame_of_its_type_in_order, with(posts_three)) {
    WebSocketClient client = co_await server.connect("/test");
    const std::string bytes = co_await client.tcp().read(2 + 5 + 7);
    BOOST_TEST((bytes == "\x81\0\x82\x03two\x81\x05three"s));
    co_await client.expect_close(1000);
}

SERVER_TEST(section_6_1_nothing_is_sent_before_the_handshake_is_answered, with(posts_three)) {
    TcpClient client = co_await TcpClient::connect(server.port());
    co_await client.send(handshake_request("/test"));
    const std::string head = co_await client.read(12);
    BOOST_TEST(head == "HTTP/1.1 101");
}

SERVER_TEST(section_6_2_bytes_are_received_one_by_one) {
    WebSocketClient client = co_await server.connect("/ws");
    for (const char byte : encode(frame_of(opcode::text, "X"))) {
        client.tcp().send_now(std::string_view(&byte, 1));
        co_await beastapi::asyncio::sleep(1ms);
    }
    const std::string answer = co_await client.receive_text();
    BOOST_TEST(answer == "Echo: X");
}

SERVER_TEST(section_7_1_1_the_server_ends_tcp_first_and_cleanly) {
    WebSocketClient client = co_await server.connect("/ws");
    co_await client.send(frame_of(opcode::close, close_payload(1000)));
    // The client has not ended its side: a clean end is one that it can read to.
    const std::string bytes = co_await client.tcp().read_to_end();
    BOOST_TEST((bytes == "\x88\x02" + close_payload(1000)));
    co_await client.tcp().send("still open on this side");
}

SERVER_TEST(section_7_1_2_a_close_by_the_handler_waits_for_the_answer,
            with(sends_after_its_close)) {
    WebSocketClient client = co_await server.connect("/test");
    co_await client.receive_text();
    const Frame goodbye = co_await client.receive();
    BOOST_TEST(goodbye.opcode == opcode::close);
    co_await beastapi::asyncio::sleep(50ms);
    BOOST_TEST(!client.tcp().has_input());
    BOOST_TEST(server.session_count() == 1U);
    co_await client.send(frame_of(opcode::close, close_payload(4000)));
    const std::string rest = co_await client.tcp().read_to_end();
    BOOST_TEST(rest.empty());
}

SERVER_TEST(section_7_1_5_the_handler_sees_the_code_and_the_reason, with(notes_the_end)) {
    WebSocketClient client = co_await server.connect("/test");
    co_await client.send(frame_of(opcode::close, close_payload(4321, "why")));
    co_await until_seen(4321);
    BOOST_TEST(seen.reason == "why");
}

SERVER_TEST(section_7_1_5_a_close_without_a_code_is_seen_as_1005, with(notes_the_end)) {
    WebSocketClient client = co_await server.connect("/test");
    co_await client.send(frame_of(opcode::close, ""));
    co_await until_seen(1005);
    BOOST_TEST(seen.reason.empty());
}

SERVER_TEST(section_7_1_5_an_end_without_a_close_is_seen_as_1006, with(notes_the_end)) {
    for (const bool by_reset : {false, true}) {
        WebSocketClient client = co_await server.connect("/test");
        if (by_reset) {
            client.tear();
        } else {
            client.tcp().shut_down();
        }
        co_await until_seen(1006);
    }
}

SERVER_TEST(section_7_1_7_nothing_is_done_for_one_that_has_failed) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient mallory = co_await server.join("Mallory");
    co_await alice.receive_json();
    Frame broken = frame_of(opcode::text, "x");
    broken.reserved = 7;
    co_await mallory.tcp().send(encode(broken) +
                                encode(frame_of(opcode::text, R"({"message":"late"})")) +
                                encode(frame_of(opcode::ping, "late")) +
                                encode(frame_of(opcode::close, close_payload(1000))));
    const std::string bytes = co_await mallory.tcp().read_to_end();
    BOOST_TEST(is_close_frame(bytes, 1002));
    BOOST_TEST(bytes.size() == 2U + static_cast<unsigned char>(bytes[1]));
    const auto left = co_await alice.receive_json();
    BOOST_TEST(left.at("event").as_string() == "leave");
    co_await alice.expect_nothing();
}

SERVER_TEST(section_7_2_2_a_handshake_that_is_refused_ends_the_connection) {
    TcpClient client = co_await TcpClient::connect(server.port());
    std::string request = handshake_request("/ws");
    request.replace(request.find("Version: 13"), 11, "Version: 12");
    co_await client.send(request);
    const HttpResponse response = co_await read_response(client);
    BOOST_TEST(response.status == 426U);
    BOOST_TEST(response.header("sec-websocket-version") == "13");
    const std::string rest = co_await client.read_to_end();
    BOOST_TEST(rest.empty());
}

SERVER_TEST(section_7_4_1_codes_that_must_not_be_sent_are_not_sent,
            with(closes_with_a_code_that_is_never_sent)) {
    constexpr std::array<std::uint16_t, 3> codes{1005, 1006, 1015};
    for (const std::uint16_t code : codes) {
        WebSocketClient client = co_await server.connect("/test");
        co_await client.send_text(std::to_string(code));
        const Frame goodbye = co_await client.receive();
        BOOST_TEST(goodbye.opcode == opcode::close);
        BOOST_TEST(!goodbye.payload.starts_with(close_payload(code)), "sent " << code);
    }
}

SERVER_TEST(section_7_4_2_a_code_beyond_the_ranges_ends_the_connection_somehow) {
    // The RFC does not say how: it gives codes from 5000 on no meaning.
    constexpr std::array<std::uint16_t, 3> codes{5000, 9999, 65535};
    for (const std::uint16_t code : codes) {
        WebSocketClient client = co_await server.connect("/ws");
        co_await client.send(frame_of(opcode::close, close_payload(code)));
        const Frame answer = co_await client.receive();
        BOOST_TEST(answer.opcode == opcode::close);
        const std::string rest = co_await client.tcp().read_to_end();
        BOOST_TEST(rest.empty());
    }
}

BOOST_AUTO_TEST_SUITE_END()
