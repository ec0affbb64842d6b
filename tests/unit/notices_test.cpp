// When members are told at once who comes and goes, and when that is gathered.
#include "chat/notices.hpp"

#include "support/logged_manager.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>

using chat::Changes;
using chat::Messages;
using chat::Notices;
using namespace std::chrono_literals;

namespace json = boost::json;

namespace {

/// A lobby with that many connections at another shard: they count, and are sent nothing.
struct Crowd {
    explicit Crowd(std::size_t connections) {
        manager.enter_elsewhere({.connections = connections});
        notices.start(context.get_executor());
    }
    ~Crowd() { notices.stop(); }
    Crowd(const Crowd&) = delete;
    Crowd& operator=(const Crowd&) = delete;

    const chat::Room& lobby() const { return manager.lobby(); }

    boost::asio::io_context context{1};
    test::LoggedManager manager{};
    Messages messages{chat::Locale::en};
    Notices notices{manager, messages, 10ms};
};

json::object presence(const Crowd& crowd, const Changes& changes) {
    return json::parse(crowd.messages.presence(crowd.lobby(), changes)).as_object();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(notices)

BOOST_AUTO_TEST_CASE(a_few_are_told_at_once) {
    Crowd crowd(100);
    for (int i = 0; i < 100; ++i) {
        BOOST_TEST(crowd.notices.told_at_once(crowd.lobby()) == 100U);
        crowd.notices.came(crowd.lobby(), "Bob");
    }
    BOOST_TEST(crowd.notices.told_at_once(crowd.lobby()) == 0U);
}

BOOST_AUTO_TEST_CASE(once_something_is_gathered_all_is_until_the_interval_ends) {
    Crowd crowd(Notices::frames_at_once - 1);
    BOOST_TEST(crowd.notices.told_at_once(crowd.lobby()) == Notices::frames_at_once - 1);
    crowd.notices.came(crowd.lobby(), "Bob");
    crowd.notices.came(crowd.lobby(), "Carol");
    crowd.notices.left(crowd.lobby(), "Bob");
    BOOST_TEST(crowd.notices.told_at_once(crowd.lobby()) == 0U);
    // Two intervals: at the end of the second nothing is left to tell.
    BOOST_TEST(crowd.context.run_for(20s) == 2U);
    BOOST_TEST(crowd.notices.told_at_once(crowd.lobby()) == Notices::frames_at_once - 1);
}

BOOST_AUTO_TEST_CASE(a_room_of_its_own_counts_for_itself) {
    Crowd crowd(20'000);
    BOOST_TEST(crowd.notices.told_at_once(crowd.lobby()) == 0U);
    crowd.manager.enter_elsewhere({.user = "bob", .user_name = "Bob"});
    crowd.manager.enter_elsewhere(
        {.room = "cpp", .room_name = "CPP", .user = "bob", .user_name = "Bob"});
    BOOST_TEST(crowd.notices.told_at_once(*crowd.manager.rooms().at("cpp")) == 1U);
}

BOOST_AUTO_TEST_CASE(without_a_loop_all_is_told_at_once) {
    Crowd crowd(20'000);
    crowd.notices.stop();
    BOOST_TEST(crowd.notices.told_at_once(crowd.lobby()) == 20'000U);
}

BOOST_AUTO_TEST_CASE(a_gathered_notice_has_some_names_and_all_numbers) {
    const Crowd crowd(300);
    Changes changes{.left = {"Dave"}, .nameless_joined = 2};
    for (char letter = 'a'; letter <= 'z'; ++letter) {
        changes.joined.emplace(1, letter);
    }
    const json::object frame = presence(crowd, changes);
    BOOST_TEST(frame.at("type").as_string() == "system");
    BOOST_TEST(frame.at("event").as_string() == "presence");
    BOOST_TEST(frame.at("joined").as_array().size() == chat::max_names_of_changes);
    BOOST_TEST(frame.at("joined_count").to_number<int>() == 28);
    BOOST_TEST(json::serialize(frame.at("left")) == R"(["Dave"])");
    BOOST_TEST(frame.at("left_count").to_number<int>() == 1);
    BOOST_TEST(frame.at("connected_count").to_number<int>() == 300);
    BOOST_TEST(frame.at("message").as_string() == "28 joined, and 1 left");
}

BOOST_AUTO_TEST_SUITE_END()
