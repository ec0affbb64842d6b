// The lists of `/ws/status` and `/rooms`: their pages, and how often they are written.
#include "chat/directory.hpp"

#include "support/logged_manager.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <deque>

using beastapi::Refusals;
using beastapi::WebSocket;
using chat::ConnectionManager;
using chat::Directory;

namespace {

struct Crowd {
    void add(const std::string& name, std::size_t rooms = 0) {
        members.push_back(manager.connect(WebSocket(nullptr), name));
        for (std::size_t i = 0; i < rooms; ++i) {
            static_cast<void>(manager.join(*members.back(), fmt::format("room {}", i)));
        }
    }
    void add(std::size_t count, std::size_t rooms = 0) {
        for (std::size_t i = 0; i < count; ++i) {
            add(fmt::format("user {}", members.size()), rooms);
        }
    }
    boost::json::object status(std::size_t page, bool named = true) {
        return boost::json::parse(directory.status(named, page, refusals)).as_object();
    }
    boost::json::object rooms(std::size_t page, bool named = true) {
        return boost::json::parse(directory.rooms(named, page)).as_object();
    }

    chat::ChatSettings settings;
    Refusals refusals;
    test::LoggedManager manager;
    Directory::Clock::time_point now = Directory::Clock::now();
    Directory directory{manager, settings, refusals, [this] { return now; }};
    std::deque<ConnectionManager::Membership> members;
};

std::size_t size_of(const boost::json::object& answer, std::string_view list) {
    return answer.at(list).as_array().size();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(directory)

BOOST_AUTO_TEST_CASE(the_status_has_pages_and_says_when_there_is_more) {
    Crowd crowd;
    crowd.add(450);
    const auto first = crowd.status(1);
    BOOST_TEST(first.at("connected_count").to_number<int>() == 450);
    BOOST_TEST(size_of(first, "connected_users") == 200U);
    BOOST_TEST(size_of(first, "connections") == 200U);
    BOOST_TEST(first.at("more").as_bool());
    const auto last = crowd.status(3);
    BOOST_TEST(size_of(last, "connected_users") == 50U);
    BOOST_TEST(last.at("connected_users").as_array().back().as_string() == "user 449");
    BOOST_TEST(!last.contains("more"));
    for (const std::size_t page : {std::size_t{4}, std::size_t{5}, SIZE_MAX}) {
        BOOST_TEST(size_of(crowd.status(page), "connections") == 0U);
    }
    BOOST_TEST(!crowd.status(1, false).contains("connected_users"));
}

BOOST_AUTO_TEST_CASE(what_the_chat_and_the_server_refused_for_one_reason_is_added) {
    Crowd crowd;
    Refusals server;
    server.count("bytes_out");
    server.count("bytes_in");
    crowd.refusals.count("bytes_out");
    const auto status = boost::json::parse(crowd.directory.status(true, 1, server)).as_object();
    const auto& refusals = status.at("refusals").as_object();
    BOOST_TEST(refusals.at("bytes_out").to_number<int>() == 2);
    BOOST_TEST(refusals.at("bytes_in").to_number<int>() == 1);
}

BOOST_AUTO_TEST_CASE(the_rooms_have_pages_and_a_page_has_only_so_many_names) {
    Crowd crowd;
    crowd.add(300, 16);
    for (int i = 0; i < 100; ++i) {
        static_cast<void>(crowd.manager.join(*crowd.members.front(), fmt::format("z{}", i)));
    }
    const auto first = crowd.rooms(1);
    BOOST_TEST(size_of(first, "rooms") == 100U);
    BOOST_TEST(first.at("more").as_bool());
    std::size_t names = 0;
    for (const auto& room : first.at("rooms").as_array()) {
        const auto& object = room.as_object();
        BOOST_TEST(size_of(object, "members") <= 200U);
        names += size_of(object, "members");
        const bool cut =
            object.at("member_count").to_number<std::size_t>() > size_of(object, "members");
        BOOST_TEST(object.contains("more") == cut);
    }
    BOOST_TEST(names == 2'000U);
    BOOST_TEST(size_of(crowd.rooms(2), "rooms") == 16U);
    BOOST_TEST(!crowd.rooms(2).contains("more"));
    BOOST_TEST(size_of(crowd.rooms(SIZE_MAX), "rooms") == 0U);
}

BOOST_AUTO_TEST_CASE(a_long_list_is_written_once_a_second) {
    using namespace std::chrono_literals;
    Crowd crowd;
    crowd.add(60, 1);
    for (int i = 0; i < 2; ++i) {
        BOOST_TEST(crowd.status(1).at("connected_count").to_number<int>() == 60);
        BOOST_TEST(crowd.rooms(1).at("rooms").at(0).at("member_count").to_number<int>() == 60);
        crowd.add(1, 1);
    }
    // Without names it is another answer, and of this moment.
    BOOST_TEST(crowd.status(1, false).at("connected_count").to_number<int>() == 62);
    crowd.now += 999ms;
    BOOST_TEST(crowd.status(1).at("connected_count").to_number<int>() == 60);
    crowd.now += 1ms;
    BOOST_TEST(crowd.status(1).at("connected_count").to_number<int>() == 62);
    BOOST_TEST(crowd.rooms(1).at("rooms").at(0).at("member_count").to_number<int>() == 62);
}

BOOST_AUTO_TEST_CASE(a_short_list_is_of_this_moment) {
    Crowd crowd;
    for (int i = 1; i <= 25; ++i) {
        crowd.add(1, 1);
        BOOST_TEST(crowd.status(1).at("connected_count").to_number<int>() == i);
        BOOST_TEST(crowd.rooms(1).at("rooms").at(0).at("member_count").to_number<int>() == i);
    }
}

BOOST_AUTO_TEST_CASE(a_list_that_has_become_short_is_of_this_moment) {
    Crowd crowd;
    crowd.add(60, 1);
    BOOST_TEST(crowd.status(1).at("connected_count").to_number<int>() == 60);
    BOOST_TEST(crowd.rooms(1, false).at("rooms").at(0).at("member_count").to_number<int>() == 60);
    crowd.members.clear();
    crowd.add(20, 1);
    BOOST_TEST(crowd.status(1).at("connected_count").to_number<int>() == 20);
    BOOST_TEST(crowd.rooms(1).at("rooms").at(0).at("member_count").to_number<int>() == 20);
}

BOOST_AUTO_TEST_SUITE_END()
