// The outbox on a real connection: order, back-pressure, sends in part, and each way to end.
#include "beastapi/net/outbox.hpp"

#include "support/loop.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

namespace asio = boost::asio;
using asio::ip::tcp;
using beastapi::awaitable;
using beastapi::detail::Outbox;
using beastapi::detail::WriteCoalescer;
using boost::system::error_code;
using namespace std::chrono_literals;

namespace {

constexpr int small_buffer = 4096;

/// An outbox, and the peer at the other end of its socket; the buffers between them are small.
struct Connection {
    Connection() : peer(context), coalescer(context) {
        tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        acceptor.set_option(asio::socket_base::send_buffer_size(small_buffer));
        peer.open(tcp::v4());
        peer.set_option(asio::socket_base::receive_buffer_size(small_buffer));
        peer.connect(acceptor.local_endpoint());
        Outbox::Socket socket(context);
        acceptor.accept(socket);
        socket.non_blocking(true);
        outbox = std::make_shared<Outbox>(std::move(socket), coalescer);
    }

    void run(awaitable<void> test) { test::run(context, std::move(test)); }

    /// Lets everything run that is ready.
    void turn() {
        context.restart();
        context.poll();
    }

    awaitable<std::string> read(std::size_t size) {
        std::string bytes(size, '\0');
        co_await asio::async_read(peer, asio::buffer(bytes), asio::use_awaitable);
        co_return bytes;
    }

    awaitable<std::string> read_to_end() {
        std::string bytes;
        error_code error;
        co_await asio::async_read(peer, asio::dynamic_buffer(bytes),
                                  asio::redirect_error(asio::use_awaitable, error));
        co_return bytes;
    }

    asio::io_context context{1};
    tcp::socket peer;
    WriteCoalescer coalescer;
    std::shared_ptr<Outbox> outbox;
};

/// Numbers, one a line: whatever is lost, doubled or swapped shows.
std::string numbers(int from, int to) {
    std::string text;
    for (int number = from; number < to; ++number) {
        text.append(std::to_string(number)).append("\n");
    }
    return text;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(outbox_of_a_connection, Connection)

static awaitable<void> reads(Connection& connection, std::string expected) {
    const std::string bytes = co_await connection.read(expected.size());
    BOOST_TEST((bytes == expected), "what came is not what was sent");
}

BOOST_AUTO_TEST_CASE(what_is_appended_arrives_in_that_order) {
    outbox->append("first ");
    outbox->append("second ");
    outbox->append("\x81\x05", "third");
    run(reads(*this, "first second \x81\x05third"));
    BOOST_TEST(outbox->size() == 0U);
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_from_within_append) {
    outbox->append("later");
    BOOST_TEST(outbox->size() == 5U);
    error_code error;
    BOOST_TEST(peer.available(error) == 0U);
    turn();
    BOOST_TEST(outbox->size() == 0U);
}

BOOST_AUTO_TEST_CASE(appends_of_one_turn_leave_in_one_send) {
    asio::post(context, [this] { outbox->append("a"); });
    asio::post(context, [this] { outbox->append("b"); });
    asio::post(context, [this] { asio::post(context, [this] { outbox->append("c"); }); });
    std::size_t handlers = 0;
    context.restart();
    // The bytes leave all at once, after the last of them.
    while (outbox->size() < 3 && context.poll_one() > 0) {
        ++handlers;
        error_code error;
        BOOST_TEST(peer.available(error) == 0U);
    }
    BOOST_TEST(handlers > 0U);
    run(reads(*this, "abc"));
}

/// Appends `times` times, each time behind whatever else is ready.
static void append_again(Connection& connection, int times) {
    connection.outbox->append("x");
    if (times > 1) {
        asio::post(connection.context,
                   [&connection, times] { append_again(connection, times - 1); });
    }
}

BOOST_AUTO_TEST_CASE(what_keeps_coming_leaves_in_one_send) {
    constexpr int times = 8;
    append_again(*this, times);
    context.restart();
    error_code error;
    while (peer.available(error) == 0) {
        BOOST_TEST_REQUIRE(context.poll_one() > 0U);
    }
    BOOST_TEST(peer.available(error) == std::size_t{times});
}

BOOST_AUTO_TEST_CASE(what_never_stops_coming_delays_nobody_for_long) {
    constexpr int many = 1'000;
    append_again(*this, many);
    context.restart();
    error_code error;
    while (peer.available(error) == 0) {
        BOOST_TEST_REQUIRE(context.poll_one() > 0U);
    }
    BOOST_TEST(peer.available(error) < 20U);
    run(reads(*this, std::string(many, 'x')));
}

static awaitable<void> reads_all_while_more_comes(Connection& connection) {
    std::string expected;
    std::string received;
    for (int round = 0; round < 50; ++round) {
        const std::string more = numbers(round * 10'000, round * 10'000 + 1'000);
        connection.outbox->append(more);
        expected.append(more);
        const std::string part = co_await connection.read(more.size() / 2);
        received.append(part);
    }
    BOOST_TEST(connection.outbox->size() > 0U);
    const std::string rest = co_await connection.read(expected.size() - received.size());
    received.append(rest);
    BOOST_TEST((received == expected), "what came is not what was sent");
}

BOOST_AUTO_TEST_CASE(a_full_socket_takes_it_in_parts_without_loss_or_disorder) {
    run(reads_all_while_more_comes(*this));
    turn();
    BOOST_TEST(outbox->size() == 0U);
}

static awaitable<void> notes(Outbox& outbox, std::size_t level, bool& returned) {
    co_await outbox.wait_until_at_most(level);
    returned = true;
}

BOOST_AUTO_TEST_CASE(a_writer_waits_until_enough_was_read) {
    const std::string megabyte(1024 * 1024, 'x');
    outbox->append(megabyte);
    bool returned = false;
    asio::co_spawn(context, notes(*outbox, Outbox::high_water, returned),
                   [](const std::exception_ptr&) {});
    turn();
    BOOST_TEST(!returned);
    BOOST_TEST(outbox->size() > Outbox::high_water);
    run(reads(*this, megabyte));
    turn();
    BOOST_TEST(returned);
    BOOST_TEST(outbox->size() == 0U);
}

static awaitable<void> waits_for_nothing(Outbox& outbox) {
    co_await outbox.wait_until_at_most(0);
    outbox.append("x");
    co_await outbox.wait_until_at_most(1);
}

BOOST_AUTO_TEST_CASE(a_writer_does_not_wait_below_the_level) {
    run(waits_for_nothing(*outbox));
}

static awaitable<void> ends(Outbox& outbox, std::chrono::steady_clock::duration patience,
                            bool& ended) {
    co_await outbox.shut_down(patience);
    ended = true;
}

static awaitable<void> reads_to_the_end(Connection& connection, std::string expected) {
    const std::string bytes = co_await connection.read_to_end();
    BOOST_TEST((bytes == expected), "what came is not what was sent");
}

BOOST_AUTO_TEST_CASE(shut_down_delivers_everything_before_the_end) {
    const std::string text = numbers(0, 100'000);
    outbox->append(text);
    bool ended = false;
    asio::co_spawn(context, ends(*outbox, test::deadline, ended), [](const std::exception_ptr&) {});
    run(reads_to_the_end(*this, text));
    turn();
    BOOST_TEST(!ended, "the peer has not ended its side yet");
    peer.close();
    run(test::until([&ended] { return ended; }, "the end of shut_down()"));
    BOOST_TEST(outbox->failed());
    BOOST_TEST(!outbox->socket().is_open());
}

static awaitable<void> talks_on_until_reset(tcp::socket& peer) {
    error_code error;
    const std::string chatter(1000, 'x');
    while (!error) {
        co_await asio::async_write(peer, asio::buffer(chatter),
                                   asio::redirect_error(asio::use_awaitable, error));
    }
}

BOOST_AUTO_TEST_CASE(shut_down_does_not_wait_for_ever_for_a_peer_that_talks_on) {
    bool ended = false;
    asio::co_spawn(context, ends(*outbox, 50ms, ended), [](const std::exception_ptr&) {});
    run(talks_on_until_reset(peer));
    turn();
    BOOST_TEST(ended);
}

BOOST_AUTO_TEST_CASE(shut_down_does_not_wait_for_ever_for_a_peer_that_does_not_read) {
    outbox->append(std::string(1024 * 1024, 'x'));
    bool ended = false;
    asio::co_spawn(context, ends(*outbox, 50ms, ended), [](const std::exception_ptr&) {});
    run(test::until([&ended] { return ended; }, "the end of shut_down()"));
    BOOST_TEST(outbox->failed());
    BOOST_TEST(outbox->size() == 0U);
}

BOOST_AUTO_TEST_CASE(abort_drops_what_is_queued_and_frees_who_waits) {
    outbox->append(std::string(1024 * 1024, 'x'));
    bool returned = false;
    asio::co_spawn(context, notes(*outbox, 0, returned), [](const std::exception_ptr&) {});
    turn();
    BOOST_TEST(!returned);
    outbox->abort();
    BOOST_TEST(outbox->failed());
    BOOST_TEST(outbox->size() == 0U);
    turn();
    BOOST_TEST(returned);
    outbox->append("dropped");
    outbox->append("\x81\x07", "dropped");
    BOOST_TEST(outbox->size() == 0U);
}

BOOST_AUTO_TEST_CASE(a_peer_that_is_gone_fails_the_outbox) {
    peer.set_option(asio::socket_base::linger(true, 0));
    peer.close();
    run(test::until(
        [this] {
            outbox->append("x");
            return outbox->failed();
        },
        "the outbox to fail"));
    BOOST_TEST(outbox->size() == 0U);
}

BOOST_AUTO_TEST_CASE(an_outbox_may_end_with_bytes_that_were_not_sent) {
    outbox->append("never sent");
    outbox.reset();
    turn();
    outbox = nullptr;
}

BOOST_AUTO_TEST_SUITE_END()
