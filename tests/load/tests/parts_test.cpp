// The load tool's pure parts: frames, markers, what a payload says, percentiles, checks.
#include "checks.hpp"
#include "dialect.hpp"
#include "histogram.hpp"
#include "marker.hpp"
#include "message_reader.hpp"
#include "options.hpp"
#include "traffic.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace load;
using namespace std::string_literals;

namespace {

std::string server_frame(Opcode opcode, std::string_view payload, bool fin = true) {
    std::string frame;
    append_frame(frame, opcode, payload, MaskKey{});
    // What a server sends is the same without the mask bit and the key.
    const std::size_t header = frame.size() - payload.size() - 4;
    frame.erase(header, 4);
    frame[1] = static_cast<char>(frame[1] & 0x7F);
    if (!fin) {
        frame[0] = static_cast<char>(frame[0] & 0x7F);
    }
    return frame;
}

/// Feeds a reader as a connection does, and notes what comes out.
class Feed {
public:
    bool bytes(std::string_view piece) {
        std::string buffer(reader_.carried(), ' ');
        reader_.restore(buffer.data());
        buffer += piece;
        return reader_.read(buffer, *this) == MessageReader::Result::good;
    }
    bool message(Opcode opcode, std::string_view payload) {
        seen.push_back((opcode == Opcode::text ? "text:" : "binary:") + std::string{payload});
        return true;
    }
    bool control(Opcode opcode, std::string_view payload) {
        seen.push_back((opcode == Opcode::ping   ? "ping:"
                        : opcode == Opcode::pong ? "pong:"
                                                 : "close:") +
                       std::string{payload});
        return true;
    }

    std::vector<std::string> seen;

private:
    MessageReader reader_;
};

bool refused(std::string_view bytes) {
    return !Feed{}.bytes(bytes);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(parts)

BOOST_AUTO_TEST_CASE(messages_come_whole_wherever_the_stream_is_cut) {
    const std::string long_text(300, 'l');
    const std::string longer_text(70'000, 'm');
    const std::string stream =
        server_frame(Opcode::text, "Hello") + server_frame(Opcode::text, "Hel", false) +
        server_frame(Opcode::ping, "between") + server_frame(Opcode::continuation, "lo", true) +
        server_frame(Opcode::binary, long_text) + server_frame(Opcode::text, "") +
        server_frame(Opcode::close, "\x03\xE8");
    const std::vector<std::string> expected{"text:Hello", "ping:between",
                                            "text:Hello", "binary:" + long_text,
                                            "text:",      "close:\x03\xE8"};
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        Feed feed;
        BOOST_REQUIRE(feed.bytes(stream.substr(0, cut)));
        BOOST_REQUIRE(feed.bytes(stream.substr(cut)));
        BOOST_REQUIRE_EQUAL_COLLECTIONS(feed.seen.begin(), feed.seen.end(), expected.begin(),
                                        expected.end());
    }
    Feed byte_by_byte;
    for (const char byte : stream + server_frame(Opcode::text, longer_text)) {
        BOOST_REQUIRE(byte_by_byte.bytes({&byte, 1}));
    }
    BOOST_TEST(byte_by_byte.seen.size() == expected.size() + 1);
    BOOST_TEST(byte_by_byte.seen.back() == "text:" + longer_text);
}

BOOST_AUTO_TEST_CASE(what_breaks_the_rules_is_refused) {
    std::string masked;
    append_frame(masked, Opcode::text, "Hello", MaskKey{{1, 2, 3, 4}});
    BOOST_TEST(refused(masked));
    BOOST_TEST(refused("\xC1\x05Hello"));                  // a reserved bit
    BOOST_TEST(refused("\x83\x01x"));                      // a reserved opcode
    BOOST_TEST(refused("\x8B\x01x"));                      // a reserved control opcode
    BOOST_TEST(refused("\x09\x01x"));                      // a fragmented ping
    BOOST_TEST(refused("\x89\x7E\x00\x7E"s));              // a ping of 126 bytes
    BOOST_TEST(refused("\x81\x7E\x00\x7D"s));              // 125 in the longer form
    BOOST_TEST(refused("\x81\x7F\0\0\0\0\0\0\xFF\xFF"s));  // 65535 in the longest form
    BOOST_TEST(refused("\x81\x7F\x80\0\0\0\0\1\0\0"s));    // a negative length
    BOOST_TEST(refused("\x81\x7F\0\0\1\0\0\0\0\0"s));      // a terabyte
    BOOST_TEST(refused(server_frame(Opcode::continuation, "x")));
    BOOST_TEST(refused(server_frame(Opcode::text, "a", false) + server_frame(Opcode::text, "b")));
    BOOST_TEST(!refused("\x81\x7E\x00\x7E"s));
    BOOST_TEST(!refused("\x81\x7F\0\0\0\0\0\1\0\0"s));
}

BOOST_AUTO_TEST_CASE(a_frame_is_masked_as_in_the_rfc) {
    // RFC 6455 section 5.7: a single-frame masked text message, "Hello".
    std::string frame;
    append_frame(frame, Opcode::text, "Hello", MaskKey{{'\x37', '\xFA', '\x21', '\x3D'}});
    BOOST_TEST(frame == "\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58"s);
    std::string long_frame;
    const std::size_t at = append_frame(long_frame, Opcode::binary, std::string(65536, 'x'), {});
    BOOST_TEST(long_frame.substr(0, 10) == "\x82\xFF\0\0\0\0\0\1\0\0"s);
    BOOST_TEST(at == 14U);
}

BOOST_AUTO_TEST_CASE(a_marker_is_read_back_as_it_was_written) {
    std::mt19937_64 random{7};
    for (int i = 0; i < 100'000; ++i) {
        const Marker written{.sender = static_cast<std::uint32_t>(random() % Marker::numbers),
                             .number = static_cast<std::uint32_t>(random() % Marker::numbers),
                             .time = random() % 10'000'000'000'000'000U};
        char text[Marker::size];
        write_marker(text, written);
        const auto read = find_marker({text, sizeof text});
        BOOST_REQUIRE(read);
        BOOST_REQUIRE(read->sender == written.sender && read->number == written.number &&
                      read->time == written.time && read->at == 0);
    }
    char text[Marker::size];
    write_marker(text, {.sender = 12, .number = 99'999'999, .time = 1'234'567'890'123'456U});
    BOOST_TEST(std::string(text, sizeof text) == "#00000012:99999999:1234567890123456");
}

BOOST_AUTO_TEST_CASE(all_eight_digits_are_right) {
    for (std::uint32_t value = 0; value < 10'000; ++value) {
        for (const std::uint32_t number : {value, value * 10'000, value * 10'000 + 9'999 - value}) {
            const std::uint64_t word = eight_digits(number);
            char digits[9]{};
            std::memcpy(digits, &word, 8);
            std::uint32_t back = 0;
            BOOST_REQUIRE(parse_eight_digits(digits, back));
            BOOST_REQUIRE_EQUAL(back, number);
            BOOST_REQUIRE_EQUAL(std::stoul(digits), number);
        }
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_digit_is_no_number) {
    for (std::size_t place = 0; place < 8; ++place) {
        for (int c = 0; c < 256; ++c) {
            std::string digits = "12345678";
            digits[place] = static_cast<char>(c);
            std::uint32_t value = 0;
            BOOST_REQUIRE_EQUAL(parse_eight_digits(digits.data(), value), c >= '0' && c <= '9');
        }
    }
}

BOOST_AUTO_TEST_CASE(a_marker_is_found_among_other_signs) {
    const std::string marker = "#00100002:00000003:0000000000000004";
    for (const std::string before :
         {"", "Echo: ", "# ## #12345678:", "###########", "#00100002:"}) {
        const std::string payload = before + marker + "rest";
        const auto found = find_marker(payload);
        BOOST_REQUIRE(found);
        BOOST_TEST(found->at == before.size());
        BOOST_TEST(found->number == 3U);
        for (std::size_t cut = 0; cut < before.size() + marker.size(); ++cut) {
            BOOST_REQUIRE(!find_marker(payload.substr(0, cut)));
        }
    }
    for (std::size_t i = 0; i < marker.size(); ++i) {
        std::string damaged = marker;
        damaged[i] = 'x';
        BOOST_TEST(!find_marker(damaged));
    }
}

BOOST_AUTO_TEST_CASE(a_template_is_filled_in_under_its_mask) {
    const MaskKey key{{'\x12', '\x9A', '\x5C', '\xF1'}};
    for (std::size_t shift = 0; shift < 9; ++shift) {
        const std::string before(shift, '{');
        const MessageTemplate message{before + "{text}\"}", 12'300'004, 64, Opcode::text, key};
        std::string out = "already queued";
        const std::size_t start = out.size();
        message.append_to(out, 77, 4'200'000'000'042U);
        std::string payload = out.substr(start + 6);
        mask(payload.data(), payload.size(), key);
        BOOST_TEST(payload == before + "#12300004:00000077:0004200000000042" + padding(29) + "\"}");
    }
}

BOOST_AUTO_TEST_CASE(frames_of_the_chat_are_told_apart) {
    const Dialect chat{Protocol::websocket, false, "message"};
    const auto is = [&](std::string_view json, Kind kind) {
        BOOST_TEST(name_of(chat.classify(json)) == name_of(kind), json);
    };
    is(R"({"type":"message","username":"Alice"})", Kind::message);
    is(R"({"type": "message", "username": "Alice"})", Kind::message);
    is(R"({"message":"\"type\":\"system\"","type":"message"})", Kind::message);
    is(R"( { "a" : [ {"type":"x"}, "}" ] , "b":{"type":"y"}, "type" : "system" } )", Kind::system);
    is(R"({"connected_count":2,"x":null,"y":-1.5e3,"type":"private"})", Kind::private_message);
    is(R"({"type":"error","code":"invalid_format"})", Kind::error);
    is(R"({"type":"ping","timestamp":"x"})", Kind::ping);
    is(R"({"type":"heartbeat_ack"})", Kind::acknowledged);
    is(R"({"type":"confirmation"})", Kind::acknowledged);
    is(R"({"type":"joined"})", Kind::other);
    is(R"({})", Kind::unknown);
    is(R"({"type":1})", Kind::unknown);
    is(R"(["type","message"])", Kind::unknown);
    is(R"({"type)", Kind::unknown);
    is(R"({"a":{"b":[},"type":"message"})", Kind::unknown);
    is("", Kind::unknown);
}

BOOST_AUTO_TEST_CASE(packets_of_socket_io_are_told_apart) {
    const Dialect dialect{Protocol::socketio, false, "message"};
    const auto is = [&](std::string_view packet, Kind kind) {
        BOOST_TEST(name_of(dialect.classify(packet)) == name_of(kind), packet);
    };
    is(R"(0{"sid":"x","upgrades":[],"pingInterval":25000})", Kind::engine_open);
    is("1", Kind::engine_close);
    is("2", Kind::engine_ping);
    is("6", Kind::engine_other);
    is(R"(40{"sid":"x"})", Kind::socket_connected);
    is(R"(40/chat,{"sid":"x"})", Kind::socket_connected);
    is("41", Kind::socket_disconnected);
    is(R"(44{"message":"Unauthorized"})", Kind::socket_refused);
    is(R"(42["message",{"username":"Alice","message":"Hi"}])", Kind::message);
    is(R"(42["message","Hi"])", Kind::message);
    is(R"(42/chat,["message",{"a":1}])", Kind::message);
    is(R"(42/chat,17["message",{"a":1}])", Kind::message);
    is(R"(4212["message","Hi"])", Kind::message);
    is(R"(42["message",{"type":"system"}])", Kind::system);
    is(R"(42["system",{"event":"join"}])", Kind::system);
    is(R"(42["error",{}])", Kind::error);
    is(R"(42["status",{}])", Kind::other);
    is(R"(43["ok"])", Kind::acknowledged);
    is(R"(42{"message":1})", Kind::unknown);
    is("42", Kind::unknown);
    is("42/chat", Kind::unknown);
    is(R"(451-["message",{"_placeholder":true}])", Kind::unknown);
    is("x", Kind::unknown);
    is("", Kind::unknown);

    const Dialect other{Protocol::socketio, false, "chat message"};
    BOOST_TEST(name_of(other.classify(R"(42["chat message","Hi"])")) == "message");
    BOOST_TEST(name_of(other.classify(R"(42["message","Hi"])")) == "other");
}

BOOST_AUTO_TEST_CASE(names_are_put_into_templates) {
    BOOST_TEST(expand("/ws/chat/{user}?n={i}&m={user}", 7) == "/ws/chat/load7?n=7&m=load7");
    BOOST_TEST(expand(R"({"username":"{user}"})", 12) == R"({"username":"load12"})");
}

BOOST_AUTO_TEST_CASE(percentiles_are_right_within_a_bucket) {
    Histogram histogram;
    BOOST_TEST(histogram.percentile(50) == 0U);
    std::mt19937_64 random{3};
    std::vector<Nanoseconds> values;
    for (int i = 0; i < 200'000; ++i) {
        // From nanoseconds to minutes, evenly over the orders of magnitude.
        values.push_back(random() % (Nanoseconds{2} << random() % 36U));
        histogram.record(values.back());
    }
    std::ranges::sort(values);
    for (const double percent : {0.0, 1.0, 25.0, 50.0, 90.0, 99.0, 99.99, 100.0}) {
        const auto rank = static_cast<std::size_t>(
            std::max(std::ceil(static_cast<double>(values.size()) * percent / 100.0), 1.0));
        const auto exact = static_cast<double>(values[rank - 1]);
        const auto found = static_cast<double>(histogram.percentile(percent));
        BOOST_TEST(found >= exact);
        BOOST_TEST(found <= exact * 1.008);
    }
    BOOST_TEST(histogram.max() == values.back());
    BOOST_TEST(histogram.percentile(100) == values.back());
    BOOST_TEST(histogram.count() == values.size());
    histogram.reset();
    BOOST_TEST(histogram.count() == 0U);
    histogram.record(~Nanoseconds{0});
    BOOST_TEST(histogram.max() == ~Nanoseconds{0});
}

BOOST_AUTO_TEST_CASE(losses_duplicates_and_overtaking_are_counted_apart) {
    SequenceCheck check{2, 2};
    for (std::uint32_t number = 0; number < 10; ++number) {
        BOOST_TEST(check.accept(1, 0, number));
    }
    BOOST_TEST(check.missing() + check.duplicates() + check.overtaken() == 0U);
    BOOST_TEST(!check.accept(1, 0, 9));
    BOOST_TEST(check.duplicates() == 1U);
    BOOST_TEST(check.accept(1, 0, 13));  // 10, 11 and 12 are missing
    BOOST_TEST(check.missing() == 3U);
    BOOST_TEST(check.accept(1, 0, 11));  // one of them was only late
    BOOST_TEST(check.missing() == 2U);
    BOOST_TEST(check.overtaken() == 1U);
    BOOST_TEST(!check.accept(1, 0, 11));
    BOOST_TEST(check.duplicates() == 2U);
    BOOST_TEST(check.next(1, 0) == 14U);
    BOOST_TEST(check.next(1, 1) == 0U);
    BOOST_TEST(check.next(0, 0) == 0U);
}

BOOST_AUTO_TEST_CASE(one_order_is_one_order) {
    OrderCheck check{3};
    for (const std::size_t receiver : {0U, 1U}) {
        check.accept(receiver, 0, 0);
        check.accept(receiver, 1, 0);
        check.accept(receiver, 0, 1);
    }
    BOOST_TEST(check.divergent() == 0U);
    check.accept(2, 0, 0);
    check.accept(2, 0, 1);
    check.accept(2, 1, 0);
    BOOST_TEST(check.divergent() == 1U);
    BOOST_TEST(check.unchecked() == 0U);
}

BOOST_AUTO_TEST_CASE(a_url_is_taken_apart) {
    const Url url = parse_url("ws://127.0.0.1:8000/ws/chat/{user}?room=cpp");
    BOOST_TEST(url.host == "127.0.0.1");
    BOOST_TEST(url.port == "8000");
    BOOST_TEST(url.path == "/ws/chat/{user}?room=cpp");
    BOOST_TEST(parse_url("ws://[::1]:8000").host == "::1");
    BOOST_TEST(parse_url("ws://[::1]:8000").path == "/");
    BOOST_TEST(parse_url("ws://host/").port == "80");
    for (const char* wrong :
         {"http://x/", "wss://x/", "ws://", "ws://:80/", "ws://x:y/", "ws://x/ "}) {
        BOOST_CHECK_THROW(parse_url(wrong), std::invalid_argument);
    }
}

BOOST_AUTO_TEST_CASE(options_that_do_not_go_together_are_refused) {
    const auto refuses = [](auto&& change) {
        Options options;
        change(options);
        BOOST_CHECK_THROW(complete(options), std::invalid_argument);
    };
    refuses([](Options& options) { options.payload = Marker::size - 1; });
    refuses([](Options& options) { options.senders = options.connections + 1; });
    refuses([](Options& options) { options.window = 0; });
    refuses([](Options& options) { options.torn_early = 51; });
    refuses([](Options& options) { options.stalled = 1; });
    refuses([](Options& options) { options.message = "no place"; });
    refuses([](Options& options) {
        options.mode = Mode::chat;
        options.binary = true;
    });
    Options chat;
    chat.mode = Mode::chat;
    chat.protocol = Protocol::socketio;
    chat.namespace_name = "/room";
    complete(chat);
    BOOST_TEST(chat.message == R"(42/room,["message",{"username":"{user}","message":"{text}"}])");
    BOOST_TEST(chat.senders == 4U);
    BOOST_TEST((chat.ready == Ready::frame));
}

BOOST_AUTO_TEST_SUITE_END()
