// Who is connected, and in which rooms. That messages arrive is tested on real connections, in
// tests/integration.
#include "chat/connection_manager.hpp"

#include "support/failing_allocations.hpp"
#include "support/logged_manager.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>

using beastapi::WebSocket;
using chat::ConnectionManager;
using chat::Room;
using test::FailingAllocations;
using test::LoggedManager;

namespace {

/// A handle of no connection: good for being counted, and for nothing else.
WebSocket stranger() {
    return WebSocket(nullptr);
}

std::vector<std::string> names_in(const Room& room) {
    std::vector<std::string> names;
    for (const Room::Presence& presence : room.users()) {
        names.push_back(presence.user->name);
    }
    return names;
}

/// Does `attempt` with memory for 0, 1, 2, … allocations, until it succeeds; after each failure
/// `check` looks at what it left behind.
template <class Attempt, class Check>
void with_ever_more_memory(Attempt attempt, Check check) {
    constexpr std::size_t most = 100;
    for (std::size_t memory = 0; memory < most; ++memory) {
        try {
            const FailingAllocations failing(memory);
            attempt();
            BOOST_TEST_REQUIRE(!failing.struck());
            BOOST_TEST(memory > 0U);
            return;
        } catch (const std::bad_alloc&) {
            check();
        }
    }
    BOOST_ERROR("it never succeeded");
}

// Long enough to be allocated.
const std::string long_name = "A name of 32 characters, like so";
const std::vector<std::string> only_bob{"Bob"};

}  // namespace

BOOST_AUTO_TEST_SUITE(connection_manager)

BOOST_AUTO_TEST_CASE(at_first_nobody_is_there) {
    const LoggedManager manager;
    BOOST_TEST(manager.get_connection_count() == 0U);
    BOOST_TEST(manager.get_connected_users().empty());
    BOOST_TEST(manager.rooms().empty());
    BOOST_TEST(!manager.is_connected("Alice"));
    BOOST_TEST(!manager.is_connected(""));
    manager.broadcast("text");
}

BOOST_AUTO_TEST_CASE(a_member_is_in_the_chat_for_as_long_as_its_membership_lives) {
    LoggedManager manager;
    std::optional alice = manager.connect(stranger(), "Alice");
    BOOST_TEST(manager.get_connection_count() == 1U);
    BOOST_TEST(manager.is_connected("alice"));
    std::optional moved = std::move(alice);
    alice.reset();
    BOOST_TEST(manager.is_connected("Alice"));
    moved.reset();
    BOOST_TEST(manager.get_connection_count() == 0U);
    BOOST_TEST(!manager.is_connected("Alice"));
}

BOOST_AUTO_TEST_CASE(a_user_is_named_as_the_first_connection_wrote_it_until_the_last_has_left) {
    LoggedManager manager;
    std::optional first = manager.connect(stranger(), "Alice");
    const auto second = manager.connect(stranger(), "ALICE");
    const auto nameless = manager.connect(stranger());
    BOOST_TEST(manager.get_connection_count() == 3U);
    BOOST_TEST(manager.get_connected_users() == std::vector<std::string>{"Alice"});
    BOOST_TEST(second->username() == "Alice");
    BOOST_TEST(nameless->username() == "");
    first.reset();
    BOOST_TEST(manager.find_user("alice")->connections.size() == 1U);
    BOOST_TEST(manager.get_connected_users() == std::vector<std::string>{"Alice"});
}

BOOST_AUTO_TEST_CASE(a_room_is_there_while_somebody_is_in_it) {
    LoggedManager manager;
    std::optional alice = manager.connect(stranger(), "Alice");
    const auto bob = manager.connect(stranger(), "Bob");
    Room& room = manager.join(*bob, "cpp").first;
    BOOST_TEST(&manager.join(**alice, "CPP").first == &room);
    BOOST_TEST(room.name() == "cpp");
    BOOST_TEST((names_in(room) == std::vector<std::string>{"Bob", "Alice"}));
    alice.reset();
    BOOST_TEST(names_in(room) == only_bob);
    BOOST_TEST(!manager.leave_room(*bob, room));
    BOOST_TEST(manager.rooms().empty());
    BOOST_TEST(bob->rooms.empty());
}

BOOST_AUTO_TEST_CASE(a_room_sees_the_first_connection_of_a_user_come_and_the_last_one_leave) {
    LoggedManager manager;
    const auto bob = manager.connect(stranger(), "Bob");
    const auto desk = manager.connect(stranger(), "Alice");
    const auto phone = manager.connect(stranger(), "Alice");
    const auto nameless = manager.connect(stranger());
    Room& room = manager.join(*bob, "cpp").first;
    BOOST_TEST(manager.join(*desk, "cpp").second);
    BOOST_TEST(!manager.join(*phone, "cpp").second);
    BOOST_TEST(manager.join(*nameless, "cpp").second);
    BOOST_TEST(room.size() == 4U);
    BOOST_TEST(manager.leave_room(*nameless, room));
    BOOST_TEST(!manager.leave_room(*desk, room));
    BOOST_TEST(manager.leave_room(*phone, room));
    BOOST_TEST(names_in(room) == only_bob);
}

BOOST_AUTO_TEST_CASE(names_come_in_pages_and_nobody_changes_to_another) {
    using Names = std::vector<std::string_view>;
    LoggedManager manager;
    const auto a = manager.connect(stranger(), "A");
    std::optional b = manager.connect(stranger(), "B");
    std::optional c = manager.connect(stranger(), "C");
    const auto second = manager.connect(stranger(), "A");
    const auto d = manager.connect(stranger(), "D");
    const Room& lobby = manager.lobby();
    BOOST_TEST((lobby.names(4).names == Names{"A", "B", "C", "D"}));
    BOOST_TEST(lobby.names(4).next == 0U);
    const auto first = lobby.names(2);
    BOOST_TEST((first.names == Names{"A", "B"}));
    BOOST_TEST(first.next != 0U);
    BOOST_TEST((lobby.names(2, first.next).names == Names{"C", "D"}));
    BOOST_TEST(lobby.names(2, first.next).next == 0U);
    b.reset();
    c.reset();
    const auto again = manager.connect(stranger(), "B");
    BOOST_TEST((lobby.names(2, first.next).names == Names{"D", "B"}));
    BOOST_TEST(lobby.names(2, 1'000'000).names.empty());
    BOOST_TEST(manager.connect(stranger())->username().empty());
}

BOOST_AUTO_TEST_CASE(who_cannot_be_taken_in_for_want_of_memory_leaves_no_trace) {
    LoggedManager manager;
    const auto bob = manager.connect(stranger(), "Bob");
    std::optional<ConnectionManager::Membership> alice;
    const auto connect = [&] { alice.emplace(manager.connect(stranger(), long_name)); };
    const auto check = [&] {
        BOOST_TEST(manager.get_connection_count() == 1U);
        BOOST_TEST(manager.get_connected_users() == only_bob);
        BOOST_TEST(!manager.is_connected(long_name));
    };
    with_ever_more_memory(connect, check);
    BOOST_TEST(manager.is_connected(long_name));
    BOOST_TEST(manager.get_connection_count() == 2U);
}

BOOST_AUTO_TEST_CASE(a_second_connection_that_cannot_be_taken_in_leaves_the_first_its_name) {
    LoggedManager manager;
    const auto first = manager.connect(stranger(), long_name);
    std::optional<ConnectionManager::Membership> second;
    const auto connect = [&] { second.emplace(manager.connect(stranger(), long_name)); };
    const auto check = [&] {
        BOOST_TEST(manager.get_connection_count() == 1U);
        BOOST_TEST(manager.find_user(long_name)->connections.size() == 1U);
    };
    with_ever_more_memory(connect, check);
    BOOST_TEST(manager.find_user(long_name)->connections.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_room_that_cannot_be_joined_for_want_of_memory_is_as_before) {
    for (const bool there : {false, true}) {
        LoggedManager manager;
        const auto alice = manager.connect(stranger(), "Alice");
        const auto bob = manager.connect(stranger(), "Bob");
        if (there) {
            static_cast<void>(manager.join(*bob, long_name));
        }
        const auto join = [&] { static_cast<void>(manager.join(*alice, long_name)); };
        const auto check = [&] {
            BOOST_TEST(alice->rooms.empty());
            BOOST_TEST(manager.rooms().size() == (there ? 1U : 0U));
        };
        with_ever_more_memory(join, check);
        BOOST_TEST(alice->rooms.size() == 1U);
        BOOST_TEST(alice->rooms.front()->size() == (there ? 2U : 1U));
    }
}

BOOST_AUTO_TEST_CASE(leaving_needs_no_memory) {
    LoggedManager manager;
    std::optional alice = manager.connect(stranger(), long_name);
    static_cast<void>(manager.join(**alice, long_name));
    const FailingAllocations none(0);
    alice.reset();
    BOOST_TEST(manager.get_connection_count() == 0U);
    BOOST_TEST(manager.rooms().empty());
}

BOOST_AUTO_TEST_SUITE_END()
