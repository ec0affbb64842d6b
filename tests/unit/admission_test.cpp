// Who is let in, by address and in all, at times that the test tells.
#include "beastapi/net/admission.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <vector>

using namespace beastapi::detail;
using namespace std::chrono_literals;

namespace {

using Clock = Admission::Clock;

Admission::Address address(const std::string& text) {
    return boost::asio::ip::make_address(text);
}

/// Three a second after the first five; three WebSockets of an address, five in all.
struct Door {
    Clock::time_point now = Clock::time_point() + 24h;
    AdmissionSettings settings{
        .max_connections = 5, .max_connections_per_address = 3, .connections = {3, 5}};
    Admission admission{settings, [this] { return now; }};
    std::vector<Admission::Slot> slots;

    int knocks_before_the_wait(const std::string& from) {
        int connections = 0;
        while (connections < 1000 && admission.allow_connection(address(from)) == 0s) {
            ++connections;
        }
        return connections;
    }

    /// Empty, or the name of the refusal.
    std::string enter(const std::string& from) {
        auto entered = admission.acquire(address(from));
        if (auto* const place = std::get_if<Admission::Slot>(&entered)) {
            slots.push_back(std::move(*place));
            return "";
        }
        return std::string(std::get<Admission::Refusal>(entered).name);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(admission, Door)

BOOST_AUTO_TEST_CASE(an_address_may_come_so_often_at_once_and_then_by_the_second) {
    BOOST_TEST(knocks_before_the_wait("192.0.2.1") == 5);
    now += 1s;
    BOOST_TEST(knocks_before_the_wait("192.0.2.1") == 3);
    now += 1h;
    BOOST_TEST(knocks_before_the_wait("192.0.2.1") == 5);
}

BOOST_AUTO_TEST_CASE(it_is_told_how_long_to_wait) {
    knocks_before_the_wait("192.0.2.1");
    const auto wait = admission.allow_connection(address("192.0.2.1"));
    BOOST_TEST((wait > 333ms && wait < 334ms));
    now += wait;
    BOOST_TEST((admission.allow_connection(address("192.0.2.1")) == 0s));
}

BOOST_AUTO_TEST_CASE(another_address_is_not_held_up) {
    knocks_before_the_wait("192.0.2.1");
    BOOST_TEST(knocks_before_the_wait("192.0.2.2") == 5);
}

BOOST_AUTO_TEST_CASE(ipv6_counts_by_its_64_bit_network) {
    BOOST_TEST(knocks_before_the_wait("2001:db8:0:1::1") == 5);
    BOOST_TEST(knocks_before_the_wait("2001:db8:0:1:ffff:ffff:ffff:ffff") == 0);
    BOOST_TEST(knocks_before_the_wait("2001:db8:0:2::1") == 5);
    BOOST_TEST(knocks_before_the_wait("::1") == 5);
}

BOOST_AUTO_TEST_CASE(a_zone_makes_no_other_network) {
    BOOST_TEST(knocks_before_the_wait("fe80::1%1") == 5);
    BOOST_TEST(knocks_before_the_wait("fe80::1%2") == 0);
}

BOOST_AUTO_TEST_CASE(ipv4_in_ipv6_is_the_ipv4_address) {
    BOOST_TEST(knocks_before_the_wait("::ffff:192.0.2.1") == 5);
    BOOST_TEST(knocks_before_the_wait("192.0.2.1") == 0);
    BOOST_TEST(knocks_before_the_wait("::ffff:192.0.2.2") == 5);
}

BOOST_AUTO_TEST_CASE(an_address_gets_so_many_websockets) {
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST(enter("192.0.2.1") == "");
    }
    BOOST_TEST(enter("192.0.2.1") == "address_full");
    BOOST_TEST(enter("::ffff:192.0.2.1") == "address_full");
    slots.pop_back();
    BOOST_TEST(enter("192.0.2.1") == "");
}

BOOST_AUTO_TEST_CASE(all_together_get_so_many_websockets) {
    for (int i = 0; i < 5; ++i) {
        BOOST_TEST(enter(fmt::format("192.0.2.{}", i)) == "");
    }
    BOOST_TEST(enter("192.0.2.100") == "server_full");
    slots.erase(slots.begin());
    BOOST_TEST(enter("192.0.2.100") == "");
}

BOOST_AUTO_TEST_CASE(a_limit_of_0_is_none) {
    Admission open({.max_connections = 0, .max_connections_per_address = 0, .connections = {0, 1}},
                   [this] { return now; });
    for (int i = 0; i < 10'000; ++i) {
        BOOST_TEST_REQUIRE((open.allow_connection(address("192.0.2.1")) == 0s));
        auto entered = open.acquire(address("192.0.2.1"));
        BOOST_TEST_REQUIRE(std::holds_alternative<Admission::Slot>(entered));
        slots.push_back(std::move(std::get<Admission::Slot>(entered)));
    }
    slots.clear();
}

BOOST_AUTO_TEST_CASE(who_has_gone_and_waited_is_forgotten) {
    BOOST_TEST(enter("198.51.100.1") == "");
    for (int i = 0; i < 1'000'000; ++i) {
        now += 1ms;  // so three hundred of them, or so, have come within the last third of a second
        admission.allow_connection(
            address(fmt::format("10.{}.{}.{}", i >> 16, i >> 8 & 255, i & 255)));
        BOOST_TEST_REQUIRE(admission.size() <= 1024U);
    }
    // Not so the one who is still there, and not the one who has come too often.
    BOOST_TEST(enter("198.51.100.1") == "");
    BOOST_TEST(enter("198.51.100.1") == "");
    BOOST_TEST(enter("198.51.100.1") == "address_full");
}

BOOST_AUTO_TEST_CASE(who_has_come_too_often_is_not_forgotten_before_the_time) {
    knocks_before_the_wait("192.0.2.1");
    for (int i = 0; i < 10'000; ++i) {
        admission.allow_connection(address(fmt::format("10.0.{}.{}", i >> 8, i & 255)));
    }
    BOOST_TEST((admission.allow_connection(address("192.0.2.1")) > 0s));
    BOOST_TEST(admission.size() == 10'001U);
}

BOOST_AUTO_TEST_SUITE_END()
