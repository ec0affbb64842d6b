// RFC 6455, section 5: each MUST that is the server's has a test, which begins with its number.
//
// Not here, because they bind the client: to mask with unpredictable keys (5.1, 5.3), to refuse
// masked frames (5.1). Nor what binds intermediaries (5.4), and extensions: none is negotiated.
#include "integration/frames.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace test;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(rfc6455)

SERVER_TEST(section_5_1_an_unmasked_client_frame_fails_the_connection) {
    Frame frame;
    frame.payload = "x";
    frame.masked = false;
    co_await check_closed(server, 1002, encode(frame));
}

SERVER_TEST(section_5_2_reserved_bits_fail_the_connection) {
    for (const unsigned reserved : {1U, 2U, 4U, 7U}) {
        Frame frame = frame_of(opcode::text);
        frame.reserved = reserved;
        co_await check_closed(server, 1002, encode(frame));
    }
}

SERVER_TEST(section_5_2_reserved_opcodes_fail_the_connection) {
    for (const unsigned code : {0x3U, 0x4U, 0x5U, 0x6U, 0x7U, 0xBU, 0xCU, 0xDU, 0xEU, 0xFU}) {
        co_await check_closed(server, 1002, encode(frame_of(code, "")));
    }
}

SERVER_TEST(section_5_5_a_fragmented_control_frame_fails_the_connection) {
    for (const unsigned code : {opcode::ping, opcode::pong, opcode::close}) {
        co_await check_closed(server, 1002, encode(fragment(code, "", false)));
    }
}

SERVER_TEST(section_5_5_a_control_frame_over_125_bytes_fails_the_connection) {
    for (const unsigned code : {opcode::ping, opcode::pong, opcode::close}) {
        co_await check_closed(server, 1002, encode(frame_of(code, std::string(126, 'x'))));
    }
}

SERVER_TEST(section_5_4_a_continuation_of_nothing_fails_the_connection) {
    co_await check_closed(server, 1002, encode(frame_of(opcode::continuation)));
}

SERVER_TEST(section_5_4_a_new_message_amid_another_fails_the_connection) {
    co_await check_closed(
        server, 1002, encode(fragment(opcode::text, "a", false)) + encode(frame_of(opcode::text)));
    co_await check_closed(
        server, 1002,
        encode(fragment(opcode::binary, "a", false)) + encode(frame_of(opcode::text)));
}

SERVER_TEST(section_5_4_a_message_in_fragments_is_put_together_around_a_ping) {
    WebSocketClient client = co_await server.connect("/ws");
    co_await client.tcp().send(encode(fragment(opcode::text, "Hel", false)) +
                               encode(fragment(opcode::continuation, "", false)) +
                               encode(frame_of(opcode::ping, "amid")) +
                               encode(fragment(opcode::continuation, "lo", true)));
    const Frame pong = co_await client.receive();
    BOOST_TEST(pong.opcode == opcode::pong);
    BOOST_TEST(pong.payload == "amid");
    const std::string answer = co_await client.receive_text();
    BOOST_TEST(answer == "Echo: Hello");
}

SERVER_TEST(section_5_5_3_a_pong_has_the_payload_of_its_ping) {
    WebSocketClient client = co_await server.connect("/ws");
    for (const std::string& payload : {""s, "a"s, std::string(125, '\0')}) {
        co_await client.send(frame_of(opcode::ping, payload));
        const Frame pong = co_await client.receive();
        BOOST_TEST(pong.opcode == opcode::pong);
        BOOST_TEST((pong.payload == payload));
    }
}

SERVER_TEST(section_5_5_3_a_pong_that_nobody_asked_for_is_ignored) {
    WebSocketClient client = co_await server.connect("/ws");
    co_await client.send(frame_of(opcode::pong, "unasked"));
    co_await client.send_text("X");
    const std::string answer = co_await client.receive_text();
    BOOST_TEST(answer == "Echo: X");
}

SERVER_TEST(section_5_6_text_that_is_not_utf_8_fails_the_connection) {
    for (const std::string& text :
         {"\xFF"s, "a\xC3\x28"s, "\xC0\xAF"s, "\xED\xA0\x80"s, "\xF4\x90\x80\x80"s, "\xE4\xBD"s}) {
        co_await check_closed(server, 1007, encode(frame_of(opcode::text, text)));
    }
}

SERVER_TEST(section_5_6_text_that_is_not_utf_8_is_found_across_fragments) {
    co_await check_closed(server, 1007,
                          encode(fragment(opcode::text, "\xE5\xB0", false)) +
                              encode(fragment(opcode::continuation, "\x28", true)));
    co_await check_closed(server, 1007,
                          encode(fragment(opcode::text, "a\xE5", false)) +
                              encode(fragment(opcode::continuation, "", true)));
}

SERVER_TEST(section_5_6_a_character_may_be_split_over_fragments) {
    WebSocketClient client = co_await server.connect("/ws");
    co_await client.tcp().send(encode(fragment(opcode::text, "\xE5", false)) +
                               encode(fragment(opcode::continuation, "\xB0", false)) +
                               encode(fragment(opcode::continuation, "\x8F", true)));
    const std::string answer = co_await client.receive_text();
    BOOST_TEST(answer == "Echo: 小");
}

static TestServerOptions small_messages() {
    TestServerOptions options = quiet();
    options.server.max_message_bytes = 1000;
    return options;
}

SERVER_TEST(the_largest_message_is_answered_and_one_byte_more_closed_with_1009, small_messages()) {
    WebSocketClient client = co_await server.connect("/ws");
    co_await client.send_text(std::string(1000, 'x'));
    const std::string answer = co_await client.receive_text();
    BOOST_TEST(answer.size() == 1006U);
    co_await client.send_text(std::string(1001, 'x'));
    co_await client.expect_close(1009);
}

SERVER_TEST(the_header_alone_is_enough_to_refuse_a_message_that_is_too_big, small_messages()) {
    for (const std::uint64_t size : {1001ULL, 70'000ULL, 1ULL << 40, (1ULL << 63) - 1}) {
        Frame frame = frame_of(opcode::binary, "");
        frame.claimed_size = size;
        co_await check_closed(server, 1009, encode(frame));
    }
}

SERVER_TEST(section_5_2_a_length_with_its_highest_bit_set_fails_the_connection, small_messages()) {
    WebSocketClient client = co_await server.connect("/ws");
    Frame frame = frame_of(opcode::binary, "");
    frame.claimed_size = 1ULL << 63;
    co_await client.send(frame);
    const Frame answer = co_await client.receive();
    BOOST_TEST(answer.opcode == opcode::close);
}

SERVER_TEST(a_message_too_big_in_all_its_fragments_is_closed_with_1009, small_messages()) {
    std::string bytes = encode(fragment(opcode::text, std::string(400, 'x'), false));
    bytes += encode(fragment(opcode::continuation, std::string(400, 'x'), false));
    bytes += encode(fragment(opcode::continuation, std::string(400, 'x'), false));
    co_await check_closed(server, 1009, bytes);
}

SERVER_TEST(the_default_limit_is_64_kibibytes) {
    WebSocketClient client = co_await server.connect("/ws");
    co_await client.send_text(std::string(65536, 'x'));
    const std::string answer = co_await client.receive_text();
    BOOST_TEST(answer.size() == 65542U);
    Frame frame = frame_of(opcode::text, "");
    frame.claimed_size = 65537;
    co_await client.send(frame);
    co_await client.expect_close(1009);
}

SERVER_TEST(section_5_2_a_length_that_is_not_in_its_shortest_form_fails_the_connection) {
    // RFC 6455, section 5.2: the minimal number of bytes must be used.
    const std::string mask("\0\0\0\0", 4);
    co_await check_closed(server, 1002, "\x81\xFE\x00\x01"s + mask + "x");
    co_await check_closed(server, 1002, "\x81\xFF\0\0\0\0\0\0\0\x01"s + mask + "x");
}

/// The first two bytes of each frame that the server sends, and its payload.
static awaitable<std::string> raw_frame(TcpClient& tcp) {
    std::string head = co_await tcp.read(2);
    const auto length = static_cast<unsigned char>(head[1]);
    const std::string payload = co_await tcp.read(length & 0x7FU);
    co_return head + payload;
}

SERVER_TEST(section_5_1_no_frame_of_the_server_is_masked) {
    WebSocketClient client = co_await server.connect("/ws");
    co_await client.tcp().send(encode(frame_of(opcode::text, "X")) +
                               encode(frame_of(opcode::binary, "X")) +
                               encode(frame_of(opcode::ping, "X")));
    std::set<unsigned> seen;
    for (int i = 0; i < 3; ++i) {
        const std::string frame = co_await raw_frame(client.tcp());
        seen.insert(static_cast<unsigned char>(frame[0]));
        BOOST_TEST((static_cast<unsigned char>(frame[1]) & 0x80U) == 0U);
    }
    BOOST_TEST((seen == std::set<unsigned>{0x81, 0x82, 0x8A}));
    co_await client.send(frame_of(opcode::close, close_payload(1000)));
    const std::string goodbye = co_await raw_frame(client.tcp());
    BOOST_TEST((goodbye == "\x88\x02" + close_payload(1000)));
}

static TestServerOptions pinging() {
    TestServerOptions options = quiet();
    options.server.ping_interval = 100ms;
    return options;
}

SERVER_TEST(section_5_1_no_ping_of_the_server_is_masked, pinging()) {
    WebSocketClient client = co_await server.connect("/ws");
    const std::string ping = co_await raw_frame(client.tcp());
    BOOST_TEST((ping == std::string("\x89\0", 2)));
}

SERVER_TEST(section_5_1_unmasked_frames_of_every_kind_fail_the_connection) {
    for (const unsigned code : {opcode::text, opcode::binary, opcode::ping, opcode::pong}) {
        Frame frame = frame_of(code, "");
        frame.masked = false;
        co_await check_closed(server, 1002, encode(frame));
    }
    Frame goodbye = frame_of(opcode::close, close_payload(1000));
    goodbye.masked = false;
    co_await check_closed(server, 1002, encode(goodbye));
}

SERVER_TEST(section_5_1_an_unmasked_continuation_fails_the_connection) {
    Frame rest = fragment(opcode::continuation, "b", true);
    rest.masked = false;
    co_await check_closed(server, 1002, encode(fragment(opcode::text, "a", false)) + encode(rest));
}

SERVER_TEST(section_5_2_reserved_bits_fail_the_connection_on_control_frames_too) {
    for (const unsigned code : {opcode::ping, opcode::pong, opcode::close}) {
        Frame frame = frame_of(code, "");
        frame.reserved = 4;
        co_await check_closed(server, 1002, encode(frame));
    }
}

SERVER_TEST(section_5_2_every_length_is_received_and_sent_in_its_shortest_form) {
    WebSocketClient client = co_await server.connect("/ws");
    for (const std::size_t size :
         {0U, 1U, 119U, 120U, 125U, 126U, 127U, 65529U, 65530U, 65535U, 65536U}) {
        // The client checks the form of the length.
        const std::string payload(size, 'x');
        co_await client.send(frame_of(opcode::binary, payload));
        const Frame answer = co_await client.receive();
        BOOST_TEST(answer.opcode == opcode::binary);
        BOOST_TEST((answer.payload == payload), "for a length of " << size);
    }
}

SERVER_TEST(section_5_3_each_byte_is_unmasked_with_its_own_of_the_key) {
    TcpClient client = co_await TcpClient::connect(server.port());
    co_await client.send(handshake_request("/ws"));
    co_await read_response(client);
    for (const std::string& key : {"\0\0\0\0"s, "\xff\xff\xff\xff"s, "\x01\x02\x03\x04"s}) {
        std::string payload;
        for (int i = 0; i < 7; ++i) {
            payload.push_back(static_cast<char>("unmask!"[i] ^ key[static_cast<unsigned>(i) % 4]));
        }
        co_await client.send("\x82\x87" + key + payload);
        const std::string answer = co_await client.read(9);
        BOOST_TEST(answer == "\x82\x07unmask!");
    }
}

SERVER_TEST(section_5_4_fragments_are_delivered_in_their_order) {
    WebSocketClient client = co_await server.connect("/ws");
    std::string whole;
    std::string frames;
    for (int i = 0; i < 100; ++i) {
        const std::string part = std::to_string(i) + " ";
        whole += part;
        frames += encode(fragment(i == 0 ? opcode::text : opcode::continuation, part, i == 99));
    }
    co_await client.tcp().send(frames);
    const std::string answer = co_await client.receive_text();
    BOOST_TEST(answer == "Echo: " + whole);
}

SERVER_TEST(section_5_4_a_message_has_the_type_of_its_first_fragment) {
    WebSocketClient client = co_await server.connect("/ws");
    co_await client.tcp().send(encode(fragment(opcode::binary, "\xff", false)) +
                               encode(fragment(opcode::continuation, "\xfe", true)));
    const Frame answer = co_await client.receive();
    BOOST_TEST(answer.opcode == opcode::binary);
    BOOST_TEST(answer.payload == "\xff\xfe");
}

SERVER_TEST(section_5_4_control_frames_of_every_kind_may_come_amid_a_message) {
    WebSocketClient client = co_await server.connect("/ws");
    co_await client.tcp().send(encode(fragment(opcode::text, "never ends", false)) +
                               encode(frame_of(opcode::pong, "unasked")) +
                               encode(frame_of(opcode::ping, "amid")) +
                               encode(frame_of(opcode::close, close_payload(1000))));
    const Frame pong = co_await client.receive();
    BOOST_TEST(pong.opcode == opcode::pong);
    co_await client.expect_close(1000);
}

SERVER_TEST(section_5_4_a_continuation_after_the_last_fragment_fails_the_connection) {
    WebSocketClient client = co_await server.connect("/ws");
    co_await client.tcp().send(encode(fragment(opcode::text, "a", false)) +
                               encode(fragment(opcode::continuation, "b", true)));
    const std::string answer = co_await client.receive_text();
    BOOST_TEST(answer == "Echo: ab");
    co_await client.send(fragment(opcode::continuation, "c", true));
    co_await client.expect_close(1002);
}

SERVER_TEST(section_5_5_control_frames_of_125_bytes_are_taken) {
    WebSocketClient client = co_await server.connect("/ws");
    const std::string payload(125, 'x');
    co_await client.send(frame_of(opcode::pong, payload));
    co_await client.send(frame_of(opcode::ping, payload));
    const Frame pong = co_await client.receive();
    BOOST_TEST(pong.payload == payload);
    co_await client.close();
}

SERVER_TEST(section_5_5_2_each_ping_is_answered_while_nothing_else_is_sent) {
    WebSocketClient client = co_await server.connect("/ws");
    for (int i = 0; i < 20; ++i) {
        co_await client.send(frame_of(opcode::ping, std::to_string(i)));
        const Frame pong = co_await client.receive();
        BOOST_TEST(pong.opcode == opcode::pong);
        BOOST_TEST(pong.payload == std::to_string(i));
    }
}

SERVER_TEST(section_5_5_3_of_many_pings_at_once_the_newest_is_answered) {
    WebSocketClient client = co_await server.connect("/ws");
    std::string pings;
    for (int i = 0; i < 50; ++i) {
        pings += encode(frame_of(opcode::ping, std::to_string(i)));
    }
    co_await client.tcp().send(pings);
    Frame pong = co_await client.receive();
    while (pong.payload != "49") {
        BOOST_TEST(pong.opcode == opcode::pong);
        pong = co_await client.receive();
    }
}

SERVER_TEST(section_5_6_a_binary_message_may_hold_any_bytes) {
    WebSocketClient client = co_await server.connect("/ws");
    std::string all;
    for (int byte = 0; byte < 256; ++byte) {
        all.push_back(static_cast<char>(byte));
    }
    co_await client.send(frame_of(opcode::binary, all));
    const Frame answer = co_await client.receive();
    BOOST_TEST(answer.opcode == opcode::binary);
    BOOST_TEST((answer.payload == all));
}

SERVER_TEST(section_5_6_a_text_whose_last_fragment_is_empty_may_not_end_inside_a_character) {
    for (const std::string& text : {"\xC3"s, "\xE5\xB0"s, "\xF0\x9F\x98"s, "abc\xF0\x9F"s}) {
        co_await check_closed(server, 1007,
                              encode(fragment(opcode::text, text, false)) +
                                  encode(fragment(opcode::continuation, "", false)) +
                                  encode(fragment(opcode::continuation, "", true)));
    }
}

SERVER_TEST(section_5_7_the_examples_are_understood) {
    TcpClient client = co_await TcpClient::connect(server.port());
    co_await client.send(handshake_request("/ws"));
    co_await read_response(client);
    co_await client.send("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    const std::string answer = co_await client.read(13);
    BOOST_TEST(answer ==
               "\x81\x0b"
               "Echo: Hello");
    co_await client.send("\x89\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    const std::string pong = co_await client.read(7);
    BOOST_TEST(pong == "\x8a\x05Hello");
}

BOOST_AUTO_TEST_SUITE_END()
