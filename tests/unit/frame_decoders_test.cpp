// The decoders that connections take turns with: each frame goes to its own connection, and nothing
// of one is left to the next.
#include "beastapi/ws/frame_decoders.hpp"

#include "support/websocket_client.hpp"

#include <boost/beast/http/verb.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <memory>
#include <string>

namespace asio = boost::asio;
namespace http = boost::beast::http;
using beastapi::detail::FrameDecoder;
using beastapi::detail::FrameDecoders;
using beastapi::detail::FrameFeed;
using beastapi::detail::Outbox;
using beastapi::detail::WriteCoalescer;
using boost::system::error_code;
using test::Frame;

namespace {

constexpr std::size_t max_message_bytes = 1000;

/// A connection without a peer: its loop doesn't run, so what is written stays in the outbox.
struct Connection {
    Connection(asio::io_context& context, WriteCoalescer& coalescer)
        : outbox(std::make_shared<Outbox>(Outbox::Socket(context), coalescer)), feed(*outbox) {}

    void receives(Frame frame) {
        const std::string bytes = encode(frame);
        feed.add(bytes);
        feed.keep_rest();
    }

    std::shared_ptr<Outbox> outbox;
    FrameFeed feed;
};

struct Loop {
    asio::io_context context{1};
    WriteCoalescer coalescer{context};
    FrameDecoders decoders{max_message_bytes};
    Connection alice{context, coalescer};
    Connection bob{context, coalescer};
};

FrameDecoders::Handshake handshake() {
    FrameDecoders::Handshake request(http::verb::get, "/ws", 11);
    request.set(http::field::host, "chat.example.org");
    request.set(http::field::connection, "Upgrade");
    request.set(http::field::upgrade, "websocket");
    request.set(http::field::sec_websocket_version, "13");
    request.set(http::field::sec_websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
    return request;
}

Frame frame_of(unsigned kind, std::string payload, bool is_final = true) {
    Frame frame;
    frame.opcode = kind;
    frame.payload = std::move(payload);
    frame.fin = is_final;
    return frame;
}

Frame text(std::string payload, bool is_final = true) {
    return frame_of(test::opcode::text, std::move(payload), is_final);
}

/// All that can be decoded.
std::string decode(FrameDecoder& decoder, FrameFeed& feed, error_code& error) {
    std::string message;
    std::array<char, 64> buffer;
    try {
        while (!error && feed.is_ready()) {
            const std::size_t size = decoder.read_some(asio::buffer(buffer), error);
            message.append(buffer.data(), size);
        }
    } catch (const FrameFeed::NeedsMore&) {}
    return message;
}

/// The same, with a decoder that is lent for that, and must not find a mistake.
std::string decode(FrameDecoders& decoders, FrameFeed& feed) {
    auto decoder = decoders.take(feed);
    error_code error;
    std::string message = decode(*decoder, feed, error);
    BOOST_TEST(!error, error.message());
    BOOST_TEST(feed.is_between_messages());
    decoders.give_back(std::move(decoder), feed);
    return message;
}

/// Takes a decoder, lets it come upon the mistake in what is here, and gives it back.
error_code fail_to_decode(FrameDecoders& decoders, FrameFeed& feed) {
    auto decoder = decoders.take(feed);
    error_code error;
    decode(*decoder, feed, error);
    decoders.give_back(std::move(decoder), feed);
    return error;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(frame_decoders, Loop)

BOOST_AUTO_TEST_CASE(a_handshake_leaves_a_decoder_for_the_next_message_of_anybody) {
    error_code error;
    decoders.accept(alice.feed, handshake(), "", error);
    BOOST_TEST(!error);
    BOOST_TEST(alice.outbox->size() > 0U);
    BOOST_TEST(decoders.spare() == 1U);
    const auto decoder = decoders.take(bob.feed);
    BOOST_TEST(decoders.spare() == 0U);
}

BOOST_AUTO_TEST_CASE(a_refused_handshake_leaves_none) {
    FrameDecoders::Handshake request = handshake();
    request.set(http::field::sec_websocket_version, "12");
    error_code error;
    decoders.accept(alice.feed, request, "", error);
    BOOST_TEST(error.failed());
    BOOST_TEST(decoders.spare() == 0U);
}

BOOST_AUTO_TEST_CASE(each_reads_what_came_for_the_connection_that_has_it) {
    alice.receives(text("from Alice"));
    bob.receives(text("from Bob"));
    BOOST_TEST(decode(decoders, bob.feed) == "from Bob");
    BOOST_TEST(decode(decoders, alice.feed) == "from Alice");
    BOOST_TEST(decoders.spare() == 1U);
}

BOOST_AUTO_TEST_CASE(a_pong_goes_to_the_connection_that_has_sent_the_ping) {
    BOOST_TEST(decode(decoders, alice.feed) == "");
    bob.receives(frame_of(test::opcode::ping, "are you there?"));
    BOOST_TEST(decode(decoders, bob.feed) == "");
    BOOST_TEST(alice.outbox->size() == 0U);
    BOOST_TEST(bob.outbox->size() == 2U + 14U);
    BOOST_TEST(bob.feed.take_written());
    BOOST_TEST(!alice.feed.take_written());
}

BOOST_AUTO_TEST_CASE(one_without_a_handshake_writes_to_nobody) {
    const auto decoder = decoders.take(alice.feed);
    BOOST_TEST(alice.outbox->size() == 0U);
    BOOST_TEST(decoder->is_open());
}

BOOST_AUTO_TEST_CASE(two_messages_may_be_half_here) {
    auto for_alice = decoders.take(alice.feed);
    auto for_bob = decoders.take(bob.feed);
    error_code error;
    alice.receives(text("Al", false));
    bob.receives(text("Bo", false));
    std::string alices = decode(*for_alice, alice.feed, error);
    std::string bobs = decode(*for_bob, bob.feed, error);
    BOOST_TEST(!alice.feed.is_between_messages());
    alice.receives(frame_of(test::opcode::continuation, "ice"));
    bob.receives(frame_of(test::opcode::continuation, "b"));
    alices += decode(*for_alice, alice.feed, error);
    bobs += decode(*for_bob, bob.feed, error);
    BOOST_TEST(!error);
    BOOST_TEST(alices == "Alice");
    BOOST_TEST(bobs == "Bob");
    BOOST_TEST(alice.feed.is_between_messages());
}

BOOST_AUTO_TEST_CASE(half_a_character_is_not_left_to_the_next) {
    // Beast doesn't look at the end of a text whose last fragment is empty.
    alice.receives(text("caf\xC3", false));
    alice.receives(frame_of(test::opcode::continuation, ""));
    BOOST_TEST(decode(decoders, alice.feed) == "caf\xC3");
    bob.receives(text("\xC3\xA9t\xC3\xA9"));
    BOOST_TEST(decode(decoders, bob.feed) == "\xC3\xA9t\xC3\xA9");
}

BOOST_AUTO_TEST_CASE(an_empty_fragment_begins_a_message_too) {
    alice.receives(text("", false));
    auto decoder = decoders.take(alice.feed);
    error_code error;
    decode(*decoder, alice.feed, error);
    BOOST_TEST(!error);
    BOOST_TEST(!alice.feed.is_between_messages());
}

BOOST_AUTO_TEST_CASE(a_control_frame_between_fragments_does_not_end_the_message) {
    alice.receives(text("a", false));
    alice.receives(frame_of(test::opcode::ping, ""));
    auto decoder = decoders.take(alice.feed);
    error_code error;
    BOOST_TEST(decode(*decoder, alice.feed, error) == "a");
    BOOST_TEST(!alice.feed.is_between_messages());
}

BOOST_AUTO_TEST_CASE(one_that_has_found_a_mistake_is_not_lent_again) {
    Frame broken = text("X");
    broken.reserved = 7;
    alice.receives(broken);
    BOOST_TEST(fail_to_decode(decoders, alice.feed).failed());
    BOOST_TEST(decoders.spare() == 0U);
    bob.receives(text("from Bob"));
    BOOST_TEST(decode(decoders, bob.feed) == "from Bob");
}

BOOST_AUTO_TEST_CASE(one_that_has_read_a_close_frame_is_not_lent_again) {
    alice.receives(frame_of(test::opcode::close, test::close_payload(1000)));
    const error_code error = fail_to_decode(decoders, alice.feed);
    BOOST_TEST((error == boost::beast::websocket::error::closed));
    BOOST_TEST(decoders.spare() == 0U);
}

BOOST_AUTO_TEST_CASE(the_limit_of_a_message_holds_for_each_that_is_lent) {
    error_code error;
    decoders.accept(alice.feed, handshake(), "", error);
    for (int i = 0; i < 2; ++i) {  // with the one of the handshake, and with a new one
        Connection carol(context, coalescer);
        carol.receives(text(std::string(max_message_bytes + 1, 'x')));
        BOOST_TEST((fail_to_decode(decoders, carol.feed) ==
                    boost::beast::websocket::error::message_too_big));
    }
}

BOOST_AUTO_TEST_CASE(only_a_few_wait_for_the_next_connection) {
    std::vector<std::unique_ptr<FrameDecoder>> lent;
    for (std::size_t i = 0; i < 2 * FrameDecoders::max_spare; ++i) {
        lent.push_back(decoders.take(alice.feed));
    }
    for (auto& decoder : lent) {
        decoders.give_back(std::move(decoder), alice.feed);
    }
    BOOST_TEST(decoders.spare() == FrameDecoders::max_spare);
}

BOOST_AUTO_TEST_SUITE_END()
