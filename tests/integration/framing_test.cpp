// Frames that break RFC 6455: each ends its own connection with the right code, and no other.
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>

#include <array>

using namespace test;
using namespace std::string_literals;

namespace {

Frame frame_of(unsigned code, std::string payload = "x") {
    Frame frame;
    frame.opcode = code;
    frame.payload = std::move(payload);
    return frame;
}

Frame fragment(unsigned code, std::string payload, bool fin) {
    Frame frame = frame_of(code, std::move(payload));
    frame.fin = fin;
    return frame;
}

/// Sends `bytes` on a fresh connection, which has to be closed with `code`, while another goes on.
awaitable<void> check_closed(TestServer& server, std::uint16_t code, std::string bytes,
                             source_location where = source_location::current()) {
    WebSocketClient neighbour = co_await server.connect("/ws", where);
    WebSocketClient client = co_await server.connect("/ws", where);
    co_await client.tcp().send(std::move(bytes), where);
    co_await client.expect_close(code, std::nullopt, where);
    co_await neighbour.send_text("X", where);
    const std::string answer = co_await neighbour.receive_text(where);
    BOOST_TEST(answer == "Echo: X", to_string(where));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(framing)

SERVER_TEST(an_unmasked_frame_is_a_protocol_error) {
    Frame frame;
    frame.payload = "x";
    frame.masked = false;
    co_await check_closed(server, 1002, encode(frame));
}

SERVER_TEST(reserved_bits_are_a_protocol_error) {
    for (const unsigned reserved : {1U, 2U, 4U, 7U}) {
        Frame frame = frame_of(opcode::text);
        frame.reserved = reserved;
        co_await check_closed(server, 1002, encode(frame));
    }
}

SERVER_TEST(reserved_opcodes_are_a_protocol_error) {
    for (const unsigned code : {0x3U, 0x4U, 0x5U, 0x6U, 0x7U, 0xBU, 0xCU, 0xDU, 0xEU, 0xFU}) {
        co_await check_closed(server, 1002, encode(frame_of(code, "")));
    }
}

SERVER_TEST(a_fragmented_control_frame_is_a_protocol_error) {
    for (const unsigned code : {opcode::ping, opcode::pong, opcode::close}) {
        co_await check_closed(server, 1002, encode(fragment(code, "", false)));
    }
}

SERVER_TEST(a_control_frame_over_125_bytes_is_a_protocol_error) {
    for (const unsigned code : {opcode::ping, opcode::pong, opcode::close}) {
        co_await check_closed(server, 1002, encode(frame_of(code, std::string(126, 'x'))));
    }
}

SERVER_TEST(a_continuation_of_nothing_is_a_protocol_error) {
    co_await check_closed(server, 1002, encode(frame_of(opcode::continuation)));
}

SERVER_TEST(a_new_message_amid_another_is_a_protocol_error) {
    co_await check_closed(
        server, 1002, encode(fragment(opcode::text, "a", false)) + encode(frame_of(opcode::text)));
    co_await check_closed(
        server, 1002,
        encode(fragment(opcode::binary, "a", false)) + encode(frame_of(opcode::text)));
}

SERVER_TEST(a_malformed_close_frame_is_a_protocol_error) {
    co_await check_closed(server, 1002, encode(frame_of(opcode::close, "\x03")));
    constexpr std::array<std::uint16_t, 9> codes{0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999};
    for (const std::uint16_t code : codes) {
        co_await check_closed(server, 1002, encode(frame_of(opcode::close, close_payload(code))));
    }
}

SERVER_TEST(a_close_reason_that_is_not_utf_8_is_refused) {
    WebSocketClient client = co_await server.connect("/ws");
    co_await client.send(frame_of(opcode::close, close_payload(1000, "\xC3\x28")));
    const Frame answer = co_await client.receive();
    BOOST_TEST(answer.opcode == opcode::close);
    const bool refused = answer.payload.starts_with(close_payload(1002)) ||
                         answer.payload.starts_with(close_payload(1007));
    BOOST_TEST(refused);
}

SERVER_TEST(a_proper_close_is_answered_with_its_own_code) {
    constexpr std::array<std::uint16_t, 8> codes{1000, 1001, 1002, 1003, 1007, 1011, 3000, 4999};
    for (const std::uint16_t code : codes) {
        WebSocketClient client = co_await server.connect("/ws");
        co_await client.close(code);
    }
}

SERVER_TEST(a_close_without_a_code_is_answered) {
    WebSocketClient client = co_await server.connect("/ws");
    co_await client.send(frame_of(opcode::close, ""));
    const Frame answer = co_await client.receive();
    BOOST_TEST(answer.opcode == opcode::close);
    const std::string rest = co_await client.tcp().read_to_end();
    BOOST_TEST(rest.empty());
}

SERVER_TEST(what_came_before_the_close_is_still_answered) {
    WebSocketClient client = co_await server.connect("/ws");
    co_await client.tcp().send(encode(frame_of(opcode::text, "one")) +
                               encode(frame_of(opcode::text, "two")));
    const std::string one = co_await client.receive_text();
    BOOST_TEST(one == "Echo: one");
    const std::string two = co_await client.receive_text();
    BOOST_TEST(two == "Echo: two");
    co_await client.close();
}

SERVER_TEST(what_comes_after_the_close_is_ignored) {
    WebSocketClient client = co_await server.connect("/ws");
    co_await client.tcp().send(encode(frame_of(opcode::close, close_payload(1000))) +
                               encode(frame_of(opcode::text, "late")));
    const Frame answer = co_await client.receive();
    BOOST_TEST(answer.opcode == opcode::close);
    const std::string rest = co_await client.tcp().read_to_end();
    BOOST_TEST(rest.empty());
}

SERVER_TEST(a_message_in_fragments_is_put_together) {
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

SERVER_TEST(a_ping_is_answered_with_its_payload) {
    WebSocketClient client = co_await server.connect("/ws");
    for (const std::string& payload : {""s, "a"s, std::string(125, '\0')}) {
        co_await client.send(frame_of(opcode::ping, payload));
        const Frame pong = co_await client.receive();
        BOOST_TEST(pong.opcode == opcode::pong);
        BOOST_TEST((pong.payload == payload));
    }
}

SERVER_TEST(a_pong_that_nobody_asked_for_is_ignored) {
    WebSocketClient client = co_await server.connect("/ws");
    co_await client.send(frame_of(opcode::pong, "unasked"));
    co_await client.send_text("X");
    const std::string answer = co_await client.receive_text();
    BOOST_TEST(answer == "Echo: X");
}

SERVER_TEST(text_that_is_not_utf_8_is_closed_with_1007) {
    for (const std::string& text :
         {"\xFF"s, "a\xC3\x28"s, "\xC0\xAF"s, "\xED\xA0\x80"s, "\xF4\x90\x80\x80"s, "\xE4\xBD"s}) {
        co_await check_closed(server, 1007, encode(frame_of(opcode::text, text)));
    }
}

SERVER_TEST(text_that_is_not_utf_8_is_found_across_fragments) {
    co_await check_closed(server, 1007,
                          encode(fragment(opcode::text, "\xE5\xB0", false)) +
                              encode(fragment(opcode::continuation, "\x28", true)));
    co_await check_closed(server, 1007,
                          encode(fragment(opcode::text, "a\xE5", false)) +
                              encode(fragment(opcode::continuation, "", true)));
}

SERVER_TEST(a_character_may_be_split_over_fragments) {
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

SERVER_TEST(a_length_with_its_highest_bit_set_is_refused, small_messages()) {
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

SERVER_TEST(a_length_that_is_not_in_its_shortest_form_is_a_protocol_error) {
    // RFC 6455, section 5.2: the minimal number of bytes must be used.
    const std::string mask("\0\0\0\0", 4);
    co_await check_closed(server, 1002, "\x81\xFE\x00\x01"s + mask + "x");
    co_await check_closed(server, 1002, "\x81\xFF\0\0\0\0\0\0\0\x01"s + mask + "x");
}

BOOST_AUTO_TEST_SUITE_END()
