// Lists that grow with the number of members come in pages.
#include "chat/session.hpp"
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <set>

using namespace test;

namespace {

/// Members of the chat, and of the room, who read nothing.
awaitable<std::vector<WebSocketClient>> crowd(TestServer& server, std::size_t count,
                                              std::string path) {
    std::vector<WebSocketClient> clients;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string target = fmt::format("/ws/chat/user{}{}", i, path);
        WebSocketClient client = co_await server.connect(target);
        clients.push_back(std::move(client));
        co_await server.until_members(i + 1);
    }
    co_return clients;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lists)

SERVER_TEST(who_gives_a_page_and_the_next_until_all_have_been_named) {
    constexpr std::size_t count = 230;
    const auto clients = co_await crowd(server, count, "?room=cpp");
    const auto in_room = [&] { return server.manager().rooms().begin()->second->size() == count; };
    co_await until(in_room, "everyone is in the room");
    WebSocketClient alice = co_await server.connect("/ws/chat/Alice");
    const auto welcome = co_await alice.receive_json();
    BOOST_TEST(welcome.at("connected_users").as_array().size() == chat::Session::max_names);
    BOOST_TEST(welcome.at("connected_count").to_number<std::size_t>() == count + 1);
    BOOST_TEST(welcome.at("more").as_bool());
    co_await alice.send_text(R"({"type":"join","room":"cpp"})");
    const auto joined = co_await alice.receive_json();
    BOOST_TEST(joined.at("members").as_array().size() == chat::Session::max_names);
    BOOST_TEST(joined.at("more").as_bool());
    for (const std::string room : {"", R"(,"room":"cpp")"}) {
        std::set<std::string> names;
        std::uint64_t after = 0;
        do {
            co_await alice.send_text(fmt::format(R"({{"type":"who","after":{}{}}})", after, room));
            const auto users = co_await alice.receive_json();
            BOOST_TEST(users.at("users").as_array().size() <= chat::Session::max_names);
            for (const auto& name : users.at("users").as_array()) {
                BOOST_TEST(names.insert(std::string(name.as_string())).second);
            }
            BOOST_TEST(users.contains("more") == users.contains("next"));
            after = users.contains("next") ? users.at("next").to_number<std::uint64_t>() : 0;
        } while (after != 0);
        BOOST_TEST(names.size() == count + 1);
    }
}

SERVER_TEST(a_page_is_a_whole_number_from_1) {
    for (const std::string path : {"/ws/status", "/rooms"}) {
        for (const std::string page : {"0", "-1", "x", "", "1.5", "99999999999999999999999"}) {
            const HttpResponse refused = co_await get(server.port(), path + "?page=" + page);
            BOOST_TEST(refused.status == 422U);
        }
        const HttpResponse answer =
            co_await get(server.port(), path + "?page=18446744073709551615");
        BOOST_TEST(answer.status == 200U);
    }
}

BOOST_AUTO_TEST_SUITE_END()
