// What a client may cost, on a clock that the test turns.
#include "beastapi/net/client_budget.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <vector>

using namespace beastapi;
using namespace std::chrono_literals;

namespace {

using Clock = ClientBudget::Clock;

ClientBudgets::Address address(const std::string& text) {
    return boost::asio::ip::make_address(text);
}

struct Budgets {
    Clock::time_point now = Clock::time_point() + 24h;
    ClientBudgets budgets{{.connections = {3, 5},
                           .requests = {2, 4},
                           .bytes_in = {10'000, 20'000},
                           .bytes_out = {100'000, 1'000'000}},
                          [this] { return now; }};

    int connections_before_the_wait(const std::string& from) {
        int connections = 0;
        while (connections < 1000 && budgets.of_address(address(from))->take_connection() == 0s) {
            ++connections;
        }
        return connections;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(client_budget, Budgets)

BOOST_AUTO_TEST_CASE(a_client_may_come_so_often_at_once_and_then_by_the_second) {
    BOOST_TEST(connections_before_the_wait("192.0.2.1") == 5);
    now += 1s;
    BOOST_TEST(connections_before_the_wait("192.0.2.1") == 3);
    now += 1h;
    BOOST_TEST(connections_before_the_wait("192.0.2.1") == 5);
}

BOOST_AUTO_TEST_CASE(it_is_told_how_long_to_wait) {
    connections_before_the_wait("192.0.2.1");
    const auto client = budgets.of_address(address("192.0.2.1"));
    const auto wait = client->take_connection();
    BOOST_TEST((wait > 333ms && wait < 334ms));
    now += wait;
    BOOST_TEST((client->take_connection() == 0s));
}

BOOST_AUTO_TEST_CASE(another_address_is_not_held_up) {
    connections_before_the_wait("192.0.2.1");
    BOOST_TEST(connections_before_the_wait("192.0.2.2") == 5);
}

BOOST_AUTO_TEST_CASE(ipv6_counts_by_its_64_bit_network) {
    BOOST_TEST(connections_before_the_wait("2001:db8:0:1::1") == 5);
    BOOST_TEST(connections_before_the_wait("2001:db8:0:1:ffff:ffff:ffff:ffff") == 0);
    BOOST_TEST(connections_before_the_wait("2001:db8:0:2::1") == 5);
    BOOST_TEST(connections_before_the_wait("::1") == 5);
}

BOOST_AUTO_TEST_CASE(a_zone_makes_no_other_network) {
    BOOST_TEST(connections_before_the_wait("fe80::1%1") == 5);
    BOOST_TEST(connections_before_the_wait("fe80::1%2") == 0);
}

BOOST_AUTO_TEST_CASE(ipv4_in_ipv6_is_the_ipv4_address) {
    BOOST_TEST(connections_before_the_wait("::ffff:192.0.2.1") == 5);
    BOOST_TEST(connections_before_the_wait("192.0.2.1") == 0);
    BOOST_TEST(connections_before_the_wait("::ffff:192.0.2.2") == 5);
}

BOOST_AUTO_TEST_CASE(a_user_is_another_client_than_any_address) {
    const auto user = budgets.of_user("alice");
    BOOST_TEST((user == budgets.of_user("alice")));
    BOOST_TEST((user == budgets.of_address(address("192.0.2.1"))->of_user("alice")));
    BOOST_TEST((user != budgets.of_user("bob")));
    BOOST_TEST((user != budgets.of_address(address("192.0.2.1"))));
}

BOOST_AUTO_TEST_CASE(reading_pauses_until_what_came_is_paid_for) {
    const auto client = budgets.of_address(address("192.0.2.1"));
    BOOST_TEST((client->take_in(15'000) == 0s));
    BOOST_TEST((client->take_in(5'000) == 0s));
    BOOST_TEST((client->take_in(1'000) == 100ms));
    // Another connection of the client reads behind this one.
    BOOST_TEST((client->take_in(1'000) == 200ms));
    now += 200ms;
    BOOST_TEST((client->take_in(1'000) == 100ms));
    now += 10s;
    BOOST_TEST((client->take_in(1'000) == 0s));
}

BOOST_AUTO_TEST_CASE(an_empty_request_costs_too) {
    const auto client = budgets.of_address(address("192.0.2.1"));
    std::size_t requests = 0;
    while (requests < 1000 && client->take_in(0) == 0s) {
        ++requests;
    }
    BOOST_TEST(requests == 20'000 / ClientBudget::min_bytes_in);
}

/// How many small frames are read at once.
static std::size_t frames_before_the_pause(ClientBudget& client) {
    std::size_t frames = 0;
    while (frames < 1000 && client.take_frames(1, 6) == 0s) {
        ++frames;
    }
    return frames;
}

BOOST_AUTO_TEST_CASE(frames_may_use_a_part_of_the_burst) {
    const auto client = budgets.of_address(address("192.0.2.1"));
    constexpr std::size_t burst = 20'000 / ClientBudget::min_bytes_in / 16;
    BOOST_TEST(frames_before_the_pause(*client) == burst);
    // The rest of the burst is there for requests.
    BOOST_TEST((client->take_in(15'000) == 0s));
    now += 1s;
    // As many as 10,000 bytes a second pay for, and none for the one that was read in debt.
    BOOST_TEST(frames_before_the_pause(*client) == burst);
    now += 100ms;
    BOOST_TEST(frames_before_the_pause(*client) <= 10'000 / ClientBudget::min_bytes_in / 10);
}

BOOST_AUTO_TEST_CASE(a_large_frame_costs_its_bytes) {
    const auto client = budgets.of_address(address("192.0.2.1"));
    BOOST_TEST((client->take_frames(1, 20'000) == 0s));
    BOOST_TEST((client->take_frames(1, 1'000) == 100ms));
}

BOOST_AUTO_TEST_CASE(a_client_in_debt_is_read_by_small_pieces) {
    const ClientLimits limits{.bytes_in = {100'000, 1'000'000}};
    ClientBudgets others(limits, [this] { return now; });
    const auto client = others.of_address(address("192.0.2.1"));
    // As many bytes as the frames have that it may send.
    BOOST_TEST(client->allowance_in() == 1'000'000 / ClientBudget::min_bytes_in / 16 * 32);
    client->take_in(995'000);
    BOOST_TEST(client->allowance_in() == 5'000U);
    client->take_in(50'000);
    BOOST_TEST(client->allowance_in() == 1024U);
}

BOOST_AUTO_TEST_CASE(without_a_limit_much_is_read_at_once) {
    const ClientLimits limits{.bytes_in = {0, 1}};
    ClientBudgets others(limits, [this] { return now; });
    const auto client = others.of_address(address("192.0.2.1"));
    BOOST_TEST((client->take_frames(1'000'000, 1'000'000) == 0s));
    BOOST_TEST(client->allowance_in() > 1'000'000U);
}

BOOST_AUTO_TEST_CASE(what_it_causes_is_taken_all_or_not_at_all) {
    const auto client = budgets.of_address(address("192.0.2.1"));
    BOOST_TEST((client->take_out(900'000) == 0s));
    BOOST_TEST((client->take_out(200'000) == 1s));
    BOOST_TEST((client->take_out(100'000) == 0s));
    BOOST_TEST((client->take_out(1) > 0s));
    now += 1s;
    BOOST_TEST((client->take_out(100'000) == 0s));
}

BOOST_AUTO_TEST_CASE(what_can_wait_is_paid_for_now_and_sent_in_turn) {
    const auto client = budgets.of_address(address("192.0.2.1"));
    BOOST_TEST((client->take_out(1'000'000) == 0s));
    BOOST_TEST((client->take_out(500'000, 10s) == 5s));
    BOOST_TEST((client->take_out(500'000, 10s) == 10s));
    BOOST_TEST((client->take_out(500'000, 10s) == 15s));  // refused, and nothing taken
    BOOST_TEST((client->take_out(500'000, 15s) == 15s));
}

BOOST_AUTO_TEST_CASE(what_was_sent_unasked_is_owed) {
    const auto client = budgets.of_address(address("192.0.2.1"));
    client->owe_out(1'200'000);
    BOOST_TEST((client->take_out(100'000) == 3s));
}

BOOST_AUTO_TEST_CASE(a_limit_of_0_is_none) {
    ClientBudgets open(
        {.connections = {0, 1}, .requests = {0, 1}, .bytes_in = {0, 1}, .bytes_out = {0, 1}},
        [this] { return now; });
    const auto client = open.of_address(address("192.0.2.1"));
    for (int i = 0; i < 10'000; ++i) {
        BOOST_TEST_REQUIRE((client->take_connection() == 0s));
        BOOST_TEST_REQUIRE((client->take_request() == 0s));
        BOOST_TEST_REQUIRE((client->take_in(1'000'000) == 0s));
        BOOST_TEST_REQUIRE((client->take_out(1'000'000'000) == 0s));
    }
    BOOST_TEST(client->full());
    BOOST_TEST(client->allowance_in() > 1'000'000'000U);
}

BOOST_AUTO_TEST_CASE(who_connects_anew_finds_the_budget_as_it_was_left) {
    budgets.of_address(address("192.0.2.1"))->take_in(30'000);
    BOOST_TEST((budgets.of_address(address("192.0.2.1"))->take_in(0) > 1s));
}

BOOST_AUTO_TEST_CASE(who_has_gone_and_paid_is_forgotten) {
    const auto still_there = budgets.of_address(address("198.51.100.1"));
    const auto in_debt = address("198.51.100.2");
    budgets.of_address(in_debt)->owe_out(200'000'000);
    for (int i = 0; i < 1'000'000; ++i) {
        now += 1ms;  // so three hundred of them, or so, have come within the last third of a second
        budgets.of_address(address(fmt::format("10.{}.{}.{}", i >> 16, i >> 8 & 255, i & 255)))
            ->take_connection();
        BOOST_TEST_REQUIRE(budgets.size() <= 1024U);
    }
    BOOST_TEST((budgets.of_address(address("198.51.100.1")) == still_there));
    BOOST_TEST((budgets.of_address(in_debt)->take_out(1) > 900s));
}

BOOST_AUTO_TEST_CASE(who_has_come_too_often_is_not_forgotten_before_the_time) {
    connections_before_the_wait("192.0.2.1");
    for (int i = 0; i < 10'000; ++i) {
        budgets.of_address(address(fmt::format("10.0.{}.{}", i >> 8, i & 255)))->take_connection();
    }
    BOOST_TEST((budgets.of_address(address("192.0.2.1"))->take_connection() > 0s));
    BOOST_TEST(budgets.size() == 10'001U);
}

BOOST_AUTO_TEST_SUITE_END()
