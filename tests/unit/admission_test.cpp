// Who is let in, of each client and in all, and how much memory answers may take.
#include "beastapi/net/admission.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <vector>

using namespace beastapi::detail;

namespace {

/// Three connections of a client, six in all, two of which are kept; 1,000 bytes of answers for
/// a client, 2,500 in all.
struct Door {
    beastapi::ClientBudgets clients{{}};
    Admission admission{{.max_connections = 6,
                         .max_connections_per_address = 3,
                         .reserved_connections = 2,
                         .max_answer_bytes = 2'500,
                         .max_answer_bytes_per_address = 1'000}};
    std::vector<Admission::Slot> slots;

    Admission::Client client(const std::string& address) {
        return clients.of_address(boost::asio::ip::make_address(address));
    }

    /// Empty, or the name of the refusal.
    std::string enter(const std::string& from) {
        auto entered = admission.acquire(client(from));
        if (auto* const slot = std::get_if<Admission::Slot>(&entered)) {
            slots.push_back(std::move(*slot));
            return "";
        }
        return std::string(std::get<const Admission::Refusal*>(entered)->name);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(admission, Door)

BOOST_AUTO_TEST_CASE(a_client_gets_so_many_connections) {
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST(enter("192.0.2.1") == "");
    }
    BOOST_TEST(enter("192.0.2.1") == "address_full");
    BOOST_TEST(enter("::ffff:192.0.2.1") == "address_full");
    slots.pop_back();
    BOOST_TEST(enter("192.0.2.1") == "");
}

BOOST_AUTO_TEST_CASE(all_together_get_so_many_connections) {
    for (int i = 0; i < 6; ++i) {
        BOOST_TEST(enter(fmt::format("192.0.2.{}", i)) == "");
    }
    BOOST_TEST(enter("192.0.2.100") == "server_full");
    slots.erase(slots.begin());
    BOOST_TEST(enter("192.0.2.100") == "");
    slots.clear();
    BOOST_TEST(admission.connections() == 0U);
}

BOOST_AUTO_TEST_CASE(the_last_places_are_for_those_that_they_are_kept_for) {
    for (int i = 0; i < 6; ++i) {
        BOOST_TEST(enter(fmt::format("192.0.2.{}", i)) == "");
    }
    for (std::size_t i = 0; i < 4; ++i) {
        BOOST_TEST(admission.confirm(slots[i], false));
    }
    BOOST_TEST(!admission.confirm(slots[4], false));
    BOOST_TEST(admission.confirm(slots[4], true));
    BOOST_TEST(!admission.confirm(slots[5], false));
}

BOOST_AUTO_TEST_CASE(who_came_to_a_kept_place_may_stay_when_another_is_free) {
    for (int i = 0; i < 5; ++i) {
        BOOST_TEST(enter(fmt::format("192.0.2.{}", i)) == "");
    }
    BOOST_TEST(!admission.confirm(slots[4], false));
    slots.erase(slots.begin());
    BOOST_TEST(admission.confirm(slots[3], false));
    // And the place that it had is kept again.
    BOOST_TEST(enter("192.0.2.10") == "");
    BOOST_TEST(!admission.confirm(slots[4], false));
    BOOST_TEST(admission.confirm(slots[4], true));
    slots.clear();
    BOOST_TEST(enter("192.0.2.10") == "");
    BOOST_TEST(admission.confirm(slots[0], false));
}

BOOST_AUTO_TEST_CASE(a_connection_of_a_proxy_counts_for_the_client_that_it_serves) {
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST(enter("192.0.2.1") == "");
    }
    BOOST_TEST(admission.move(slots[0], client("198.51.100.1")) == nullptr);
    BOOST_TEST(enter("192.0.2.1") == "");
    BOOST_TEST(enter("192.0.2.1") == "address_full");
    BOOST_TEST(enter("198.51.100.1") == "");
    BOOST_TEST(enter("198.51.100.1") == "");
    // All three are taken.
    BOOST_TEST(admission.move(slots[0], client("198.51.100.1")) == nullptr);
    BOOST_TEST((admission.move(slots[1], client("198.51.100.1")) == &Admission::address_full));
}

BOOST_AUTO_TEST_CASE(answers_take_so_much_memory_and_no_more) {
    const auto one = client("192.0.2.1");
    auto answer = admission.hold_answer(one, 600);
    BOOST_TEST(answer.has_value());
    BOOST_TEST(!admission.hold_answer(one, 500).has_value());
    BOOST_TEST(admission.hold_answer(one, 400).has_value());
    answer.reset();
    BOOST_TEST(admission.answer_bytes() == 0U);
    std::vector<Admission::Answer> answers;
    for (int i = 0; i < 3; ++i) {
        answers.push_back(admission.hold_answer(client(fmt::format("10.0.0.{}", i)), 800).value());
    }
    BOOST_TEST(!admission.hold_answer(one, 200).has_value());
    BOOST_TEST(admission.hold_answer(one, 100).has_value());
}

BOOST_AUTO_TEST_CASE(a_limit_of_0_is_none) {
    Admission open({.max_connections = 0,
                    .max_connections_per_address = 0,
                    .reserved_connections = 5,
                    .max_answer_bytes = 0,
                    .max_answer_bytes_per_address = 0});
    for (int i = 0; i < 10'000; ++i) {
        auto entered = open.acquire(client("192.0.2.1"));
        BOOST_TEST_REQUIRE(std::holds_alternative<Admission::Slot>(entered));
        slots.push_back(std::move(std::get<Admission::Slot>(entered)));
        BOOST_TEST_REQUIRE(open.confirm(slots.back(), false));
        BOOST_TEST_REQUIRE(open.hold_answer(client("192.0.2.1"), 1'000'000'000).has_value());
    }
    slots.clear();
}

BOOST_AUTO_TEST_SUITE_END()
