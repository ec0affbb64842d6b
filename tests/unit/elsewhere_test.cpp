// Who is at other shards, from what these say.
#include "chat/elsewhere.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

using chat::Elsewhere;
using chat_hub::Event;
using chat_hub::Presence;
using Said = std::vector<std::string>;

namespace {

Presence at(std::string room, std::string user, std::size_t connections = 1) {
    return {.room = std::move(room), .user = std::move(user), .connections = connections};
}

Event event(Event::Kind kind, std::string shard, std::vector<Presence> presences = {}) {
    return {.kind = kind, .shard = std::move(shard), .presences = std::move(presences)};
}

/// Notes each change as `+room/user*connections`.
struct Noted {
    Said changes{};
    Elsewhere elsewhere{[this](const Presence& presence) { note('+', presence); },
                        [this](const Presence& presence) { note('-', presence); }};

    void note(char sign, const Presence& presence) {
        changes.push_back(
            fmt::format("{}{}/{}*{}", sign, presence.room, presence.user, presence.connections));
    }

    Said of(const Event& event) {
        changes.clear();
        elsewhere.apply(event);
        return changes;
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(elsewhere)

BOOST_AUTO_TEST_CASE(connections_come_and_go) {
    Noted noted;
    BOOST_TEST(noted.of(event(Event::Kind::enter, "a", {at("", "bob")})) == Said{"+/bob*1"});
    BOOST_TEST(noted.of(event(Event::Kind::enter, "a", {at("", "bob")})) == Said{"+/bob*1"});
    BOOST_TEST(noted.of(event(Event::Kind::leave, "a", {at("", "bob")})) == Said{"-/bob*1"});
    BOOST_TEST(noted.of(event(Event::Kind::leave, "a", {at("", "bob")})) == Said{"-/bob*1"});
}

BOOST_AUTO_TEST_CASE(who_was_not_there_does_not_go) {
    Noted noted;
    BOOST_TEST(noted.of(event(Event::Kind::leave, "a", {at("", "bob")})).empty());
    noted.of(event(Event::Kind::enter, "a", {at("", "bob")}));
    BOOST_TEST(noted.of(event(Event::Kind::leave, "b", {at("", "bob")})).empty());
    BOOST_TEST(noted.of(event(Event::Kind::leave, "a", {at("", "bob", 5)})) == Said{"-/bob*1"});
}

BOOST_AUTO_TEST_CASE(a_shard_that_ends_takes_its_connections_along) {
    Noted noted;
    noted.of(event(Event::Kind::enter, "a", {at("", "bob"), at("", "", 2), at("cpp", "bob")}));
    noted.of(event(Event::Kind::enter, "b", {at("", "bob")}));
    const Said gone{"-cpp/bob*1", "-/bob*1", "-/*2"};
    BOOST_TEST(noted.of(event(Event::Kind::gone, "a")) == gone);
    BOOST_TEST(noted.of(event(Event::Kind::gone, "a")).empty());
    BOOST_TEST(noted.of(event(Event::Kind::gone, "b")) == Said{"-/bob*1"});
}

BOOST_AUTO_TEST_CASE(a_state_is_compared_with_what_was_known) {
    Noted noted;
    noted.of(event(Event::Kind::enter, "a", {at("", "alice"), at("", "bob", 3), at("cpp", "bob")}));
    // Alice has left, two of Bob's connections have ended, Carol is new.
    const Said changes{"+/carol*1", "+go/carol*1", "-cpp/bob*1", "-/bob*2", "-/alice*1"};
    BOOST_TEST(noted.of(event(Event::Kind::state, "a",
                              {at("", "bob"), at("", "carol"), at("go", "carol")})) == changes);
    BOOST_TEST(
        noted
            .of(event(Event::Kind::state, "a", {at("", "bob"), at("", "carol"), at("go", "carol")}))
            .empty());
}

BOOST_AUTO_TEST_SUITE_END()
