// What a database forgets, and what it keeps all the same.
#include "log/test_database.hpp"
#include "support/sqlite_connections.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace test;
using chat_log::Retention;
using std::chrono::days;
using std::chrono::hours;

namespace {

void check_kept(TestDatabase& database, const std::string& name, Seq first, Seq last) {
    const auto head = database->find(name);
    BOOST_REQUIRE(head.has_value());
    BOOST_TEST(head->epoch == "epoch");
    BOOST_TEST(head->last_seq == last);
    const Slice slice = database->read(*head, {.max_entries = 1'000'000});
    BOOST_TEST(slice.first_kept == first);
    BOOST_TEST(slice.entries.size() == last + 1 - first);
    BOOST_TEST(database->check().empty());
}

std::size_t count(const std::string& table) {
    return std::stoul(SqliteConnections::ask("SELECT count(*) FROM " + table).at(0));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(database_trim)

BOOST_AUTO_TEST_CASE(by_number_the_newest_are_kept) {
    TestDatabase database;
    Head lobby = database.create("lobby");
    Head room = database.create("room:cpp");
    database.fill(lobby, 1'000);
    database.fill(room, 80);
    database.trim({.max_messages = 100}, at(minutes(1)));
    check_kept(database, "lobby", 901, 1'000);
    check_kept(database, "room:cpp", 1, 80);
    database.reopen();
    check_kept(database, "lobby", 901, 1'000);
    // It goes on counting, and an eighth more is let be.
    database.fill(lobby, 12);
    database.trim({.max_messages = 100}, at(minutes(2)));
    check_kept(database, "lobby", 901, 1'012);
    database.fill(lobby, 1);
    database.trim({.max_messages = 100}, at(minutes(3)));
    check_kept(database, "lobby", 914, 1'013);
    database.trim({.max_messages = 0}, at(minutes(3)));
    check_kept(database, "lobby", 914, 1'013);
}

BOOST_AUTO_TEST_CASE(by_age_the_youngest_are_kept) {
    TestDatabase database;
    Head lobby = database.create("lobby");
    Head room = database.create("room:cpp");
    database.fill(lobby, 200, at(days(0)));
    database.fill(room, 200, at(days(1)));
    database.fill(lobby, 100, at(days(2)));
    const Retention retention{.max_messages = 0, .max_age = days(30)};
    database.trim(retention, at(days(30)));
    check_kept(database, "lobby", 1, 300);
    database.trim(retention, at(days(30) + hours(1)));
    check_kept(database, "lobby", 201, 300);
    check_kept(database, "room:cpp", 1, 200);
    // All of them: where the conversation is in its log is known all the same.
    database.trim(retention, at(days(60)));
    check_kept(database, "lobby", 301, 300);
    check_kept(database, "room:cpp", 201, 200);
    database.reopen();
    check_kept(database, "lobby", 301, 300);
    database.fill(lobby, 1, at(days(60)));
    check_kept(database, "lobby", 301, 301);
}

BOOST_AUTO_TEST_CASE(without_an_age_nothing_gets_too_old) {
    TestDatabase database;
    Head lobby = database.create("lobby");
    database.fill(lobby, 10, at(days(0)));
    database.trim({.max_messages = 0, .max_age = {}}, at(days(50'000)));
    check_kept(database, "lobby", 1, 10);
}

BOOST_AUTO_TEST_CASE(one_go_is_short_and_says_whether_there_is_more) {
    TestDatabase database;
    Head lobby = database.create("lobby");
    database.fill(lobby, 20'000);
    const Retention retention{.max_messages = 10};
    std::size_t goes = 1;
    while (database->trim(retention, at(minutes(1)), [](auto) { return true; })) {
        ++goes;
        // It may be used in between.
        if (goes == 2) {
            database.append(lobby, {.payload = "meanwhile"});
        }
    }
    BOOST_TEST(goes > 1U);
    BOOST_TEST(database->find("lobby")->last_seq == 20'001U);
    BOOST_TEST(database->read(*database->find("lobby"), {}).first_kept >= 20'001U - 11);
    BOOST_TEST(!database->trim(retention, at(minutes(1)), [](auto) { return true; }));
}

BOOST_AUTO_TEST_CASE(a_conversation_in_which_nothing_was_said_goes_when_nobody_uses_it) {
    TestDatabase database;
    Head lobby = database.create("lobby");
    database.create("room:used");
    for (int i = 0; i < 500; ++i) {
        database.create("inbox:" + std::to_string(i));
    }
    database.fill(lobby, 1);
    std::set<std::string> asked_for;
    database.trim({}, at(minutes(1)), [&](std::string_view name) {
        asked_for.emplace(name);
        return name == "room:used";
    });
    BOOST_TEST(asked_for.size() == 501U);
    BOOST_TEST(database->conversations().size() == 2U);
    check_kept(database, "lobby", 1, 1);
    check_kept(database, "room:used", 1, 0);
}

BOOST_AUTO_TEST_CASE(what_was_before_a_restart_goes) {
    const SqliteConnections connections;
    TestDatabase database;
    Head inbox = database.create("inbox:alice", "old");
    database.fill(inbox, 1'000, std::chrono::system_clock::now());
    database->begin();
    database->restart(inbox, "epoch");
    database->commit();
    BOOST_TEST(count("messages") == 1'000U);
    const Time now = std::chrono::system_clock::now();
    database.trim({}, now);
    BOOST_TEST(count("messages") == 0U);
    BOOST_TEST(count("conversations") == 2U);  // a repeat of what was said may still come
    database.trim({}, now + hours(2));
    BOOST_TEST(count("conversations") == 1U);
    check_kept(database, "inbox:alice", 1, 0);
}

BOOST_AUTO_TEST_CASE(receipts_go_with_their_window) {
    const SqliteConnections connections;
    TestDatabase database;
    Head lobby = database.create("lobby");
    for (int i = 0; i < 100; ++i) {
        database.append(lobby, {.author = "alice", .id = std::to_string(i)}, at(minutes(i)));
    }
    // As if the clock had been wrong then.
    database.append(lobby, {.author = "alice", .id = "future"}, at(days(1000)));
    BOOST_TEST(count("receipts") == 101U);
    const Time now = at(minutes(100));
    database.trim({.dedup_window = window}, now);
    BOOST_TEST(count("receipts") == 11U);
    const auto is_known = [&](int i) {
        return database.append(lobby, {.author = "alice", .id = std::to_string(i)}, now).result ==
               Receipt::Result::duplicate;
    };
    BOOST_TEST(is_known(90));
    BOOST_TEST(is_known(99));
    database.reopen();
    BOOST_TEST(is_known(90));
    BOOST_TEST(is_known(99));
    BOOST_TEST(!is_known(89));
    database.trim({.dedup_window = window}, at(days(1)));
    BOOST_TEST(count("receipts") == 0U);
    BOOST_TEST(database->check().empty());
}

BOOST_AUTO_TEST_SUITE_END()
