// What is put into a database, and read back.
#include "log/test_database.hpp"
#include "support/sqlite_connections.hpp"

#include <boost/test/unit_test.hpp>

#include <numeric>

using namespace test;
using std::chrono::milliseconds;
using namespace std::string_literals;

namespace {

std::vector<Seq> from_to(Seq first, Seq last) {
    std::vector<Seq> numbers(last - first + 1);
    std::iota(numbers.begin(), numbers.end(), first);
    return numbers;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(database)

BOOST_AUTO_TEST_CASE(what_was_appended_is_read_back_also_when_opened_again) {
    TestDatabase database;
    Head lobby = database.create("lobby", "k3f9");
    BOOST_TEST(lobby.last_seq == 0U);
    // Any bytes will do.
    const std::string payload = "{\"message\":\"\xe4\xbd\xa0\xe5\xa5\xbd\"}\0\xff"s;
    const Receipt first =
        database.append(lobby, {.author = "alice", .payload = payload}, at(milliseconds(1234)));
    const Receipt second = database.append(lobby, {.payload = ""}, at(milliseconds(1235)));
    BOOST_TEST((first.result == Receipt::Result::stored));
    BOOST_TEST(first.seq == 1U);
    BOOST_TEST(first.epoch == "k3f9");
    BOOST_TEST((first.stored == at(milliseconds(1234))));
    BOOST_TEST(second.seq == 2U);
    BOOST_TEST(lobby.last_seq == 2U);

    for (int i = 0; i < 2; ++i) {
        const auto found = database->find("lobby");
        BOOST_REQUIRE(found.has_value());
        BOOST_TEST(found->epoch == "k3f9");
        BOOST_TEST(found->last_seq == 2U);
        const Slice slice = database->read(*found, {});
        BOOST_REQUIRE(slice.entries.size() == 2U);
        BOOST_TEST(slice.entries[0].seq == 1U);
        BOOST_TEST((slice.entries[0].stored == at(milliseconds(1234))));
        BOOST_TEST(slice.entries[0].payload == payload);
        BOOST_TEST(slice.entries[1].payload.empty());
        BOOST_TEST(!slice.more);
        BOOST_TEST(slice.first_kept == 1U);
        BOOST_TEST(database->check().empty());
        database.reopen();
    }
    BOOST_TEST(!database->find("Lobby").has_value());
}

BOOST_AUTO_TEST_CASE(conversations_do_not_see_each_other) {
    TestDatabase database;
    Head lobby = database.create("lobby");
    Head room = database.create("room:cpp");
    Head inbox = database.create("inbox:alice");
    database.fill(lobby, 5);
    database.fill(inbox, 3);
    database.fill(room, 4);
    database.fill(lobby, 5);
    BOOST_TEST(database.numbers(lobby) == from_to(1, 10), boost::test_tools::per_element());
    BOOST_TEST(database.numbers(room) == from_to(1, 4), boost::test_tools::per_element());
    BOOST_TEST(database.numbers(inbox) == from_to(1, 3), boost::test_tools::per_element());
    const auto all = database->conversations();
    BOOST_REQUIRE(all.size() == 3U);
    BOOST_TEST(all[0].conversation == "inbox:alice");
    BOOST_TEST(all[1].conversation == "lobby");
    BOOST_TEST(all[1].first_seq == 1U);
    BOOST_TEST(all[1].last_seq == 10U);
}

BOOST_AUTO_TEST_CASE(a_range_is_cut_at_its_old_or_its_new_end) {
    TestDatabase database;
    Head lobby = database.create("lobby");
    Head next = database.create("room:next");
    database.fill(lobby, 20);
    database.fill(next, 20);
    const auto read = [&](const Range& range) { return database->read(lobby, range); };
    const auto check = [&](const Range& range, Seq first, Seq last, bool more) {
        const Slice slice = read(range);
        BOOST_TEST(database.numbers(lobby, range) == from_to(first, last),
                   boost::test_tools::per_element());
        BOOST_TEST(slice.more == more);
        for (const auto& entry : slice.entries) {
            BOOST_TEST(entry.payload == std::to_string(entry.seq));
        }
    };
    check({}, 1, 20, false);
    check({.after = 5}, 6, 20, false);
    check({.before = 5}, 1, 4, false);
    check({.after = 5, .before = 8}, 6, 7, false);
    check({.max_entries = 3}, 1, 3, true);
    check({.max_entries = 20}, 1, 20, false);
    check({.max_entries = 3, .newest = true}, 18, 20, true);
    check({.before = 10, .max_entries = 3, .newest = true}, 7, 9, true);
    check({.after = 6, .before = 10, .max_entries = 3, .newest = true}, 7, 9, false);
    check({.after = 17, .max_entries = 3, .newest = true}, 18, 20, false);
    for (const Range& none : {Range{.after = 20}, Range{.before = 1}, Range{.before = 0},
                              Range{.after = 7, .before = 8}, Range{.after = 9, .before = 3},
                              Range{.after = Range::no_end}, Range{.after = Range::no_end - 1}}) {
        BOOST_TEST(read(none).entries.empty());
        BOOST_TEST(!read(none).more);
    }
}

BOOST_AUTO_TEST_CASE(bytes_are_bounded_from_the_second_message_on) {
    TestDatabase database;
    Head lobby = database.create("lobby");
    for (int i = 0; i < 4; ++i) {
        database.append(lobby, {.payload = std::string(100, 'x')});
    }
    const auto count = [&](std::size_t max_bytes, bool newest) {
        return database->read(lobby, {.max_bytes = max_bytes, .newest = newest}).entries.size();
    };
    for (const bool newest : {false, true}) {
        BOOST_TEST(count(0, newest) == 1U);
        BOOST_TEST(count(199, newest) == 1U);
        BOOST_TEST(count(200, newest) == 2U);
        BOOST_TEST(count(399, newest) == 3U);
        BOOST_TEST(count(400, newest) == 4U);
    }
    BOOST_TEST(database->read(lobby, {.max_bytes = 399}).more);
    BOOST_TEST(!database->read(lobby, {.max_bytes = 400}).more);
}

BOOST_AUTO_TEST_CASE(an_empty_conversation_keeps_nothing_yet) {
    TestDatabase database;
    const Head lobby = database.create("lobby");
    const Slice slice = database->read(lobby, {});
    BOOST_TEST(slice.entries.empty());
    BOOST_TEST(!slice.more);
    BOOST_TEST(slice.first_kept == 1U);
    BOOST_TEST(database->conversations().at(0).first_seq == 0U);
}

BOOST_AUTO_TEST_CASE(a_large_message_is_kept_whole) {
    TestDatabase database;
    Head lobby = database.create("lobby");
    const std::string large(3'000'000, 'x');
    database.append(lobby, {.payload = large});
    BOOST_TEST((database->read(lobby, {}).entries.at(0).payload == large));
}

BOOST_AUTO_TEST_CASE(what_was_rolled_back_was_never_there) {
    TestDatabase database;
    Head lobby = database.create("lobby");
    database.fill(lobby, 2);
    const Draft draft{.author = "alice", .id = "a", .payload = "a"};
    database->begin();
    BOOST_TEST(database->append(lobby, draft, at(minutes(0)), window).seq == 3U);
    BOOST_TEST(database->find("lobby")->last_seq == 3U);
    database->create("room:new", "epoch");
    database->rollback();
    BOOST_TEST(database->find("lobby")->last_seq == 2U);
    BOOST_TEST(!database->find("room:new").has_value());
    // The head is the one of before, and the number comes from the file all the same.
    BOOST_TEST(lobby.last_seq == 3U);
    const Receipt again = database.append(lobby, draft);
    BOOST_TEST((again.result == Receipt::Result::stored));
    BOOST_TEST(again.seq == 3U);
    BOOST_TEST(database->check().empty());
}

BOOST_AUTO_TEST_CASE(appending_needs_a_transaction) {
    TestDatabase database;
    Head lobby = database.create("lobby");
    BOOST_CHECK_THROW(database->append(lobby, {}, at(minutes(0)), window), DatabaseError);
    BOOST_CHECK_THROW(database->commit(), DatabaseError);
    database.fill(lobby, 1);
    BOOST_TEST(lobby.last_seq == 1U);
}

BOOST_AUTO_TEST_CASE(a_repeat_is_known_by_its_author_and_its_id_within_the_window) {
    TestDatabase database;
    Head lobby = database.create("lobby");
    Head room = database.create("room:cpp", "of the room");
    const Draft draft{.author = "alice", .id = "6f1c", .payload = "hello"};
    const Receipt first = database.append(room, draft, at(minutes(5)));
    database.append(lobby, {.author = "alice", .payload = "without id"}, at(minutes(5)));
    const auto is_repeat = [&](Head& head, const Draft& again, Time now) {
        const Receipt receipt = database.append(head, again, now);
        if (receipt.result == Receipt::Result::stored) {
            return false;
        }
        BOOST_TEST((receipt.result == Receipt::Result::duplicate));
        BOOST_TEST(receipt.seq == first.seq);
        BOOST_TEST(receipt.epoch == "of the room");
        BOOST_TEST((receipt.stored == first.stored));
        return true;
    };
    BOOST_TEST(is_repeat(room, draft, at(minutes(5))));
    BOOST_TEST(is_repeat(room, draft, at(minutes(15))));
    // Whatever it says now, and wherever it's sent.
    BOOST_TEST(is_repeat(lobby, {.author = "alice", .id = "6f1c"}, at(minutes(6))));
    database.reopen();
    BOOST_TEST(is_repeat(room, draft, at(minutes(15))));
    // The clock was set back since.
    BOOST_TEST(is_repeat(room, draft, at(minutes(1))));

    BOOST_TEST(!is_repeat(room, {.author = "bob", .id = "6f1c"}, at(minutes(6))));
    BOOST_TEST(!is_repeat(room, {.author = "alice", .id = "6f1d"}, at(minutes(6))));
    BOOST_TEST(!is_repeat(room, {.author = "alice6", .id = "f1c"}, at(minutes(6))));
    BOOST_TEST(!is_repeat(lobby, {.author = "alice", .payload = "without id"}, at(minutes(5))));
    BOOST_TEST(!is_repeat(room, draft, at(minutes(15) + milliseconds(1))));
    // That was stored, so from now on it's the first.
    const Receipt third = database.append(room, draft, at(minutes(16)));
    BOOST_TEST((third.result == Receipt::Result::duplicate));
    BOOST_TEST(third.seq == first.seq + 4);
    BOOST_TEST(database->check().empty());
}

BOOST_AUTO_TEST_CASE(a_repeat_in_the_same_transaction_is_known) {
    TestDatabase database;
    Head lobby = database.create("lobby");
    const Draft draft{.author = "alice", .id = "a", .payload = "a"};
    database->begin();
    const Receipt first = database->append(lobby, draft, at(minutes(0)), window);
    const Receipt second = database->append(lobby, draft, at(minutes(0)), window);
    database->commit();
    BOOST_TEST((first.result == Receipt::Result::stored));
    BOOST_TEST((second.result == Receipt::Result::duplicate));
    BOOST_TEST(second.seq == 1U);
    BOOST_TEST(lobby.last_seq == 1U);
}

BOOST_AUTO_TEST_CASE(a_repeat_is_known_after_its_message_was_trimmed) {
    TestDatabase database;
    Head lobby = database.create("lobby");
    const Draft draft{.author = "alice", .id = "first", .payload = "a"};
    database.append(lobby, draft);
    database.fill(lobby, 100);
    database.trim({.max_messages = 10}, at(minutes(1)));
    BOOST_TEST(database->read(lobby, {}).first_kept == 92U);
    const Receipt repeat = database.append(lobby, draft, at(minutes(1)));
    BOOST_TEST((repeat.result == Receipt::Result::duplicate));
    BOOST_TEST(repeat.seq == 1U);
}

BOOST_AUTO_TEST_CASE(restarting_leaves_nothing_of_what_was_said) {
    TestDatabase database;
    Head inbox = database.create("inbox:alice", "old");
    const Draft draft{.author = "bob", .id = "b", .payload = "secret"};
    database.append(inbox, draft);
    database.fill(inbox, 300);
    database->begin();
    Head fresh = database->restart(inbox, "new");
    database->commit();
    BOOST_TEST(fresh.epoch == "new");
    BOOST_TEST(fresh.last_seq == 0U);
    for (int i = 0; i < 2; ++i) {
        const auto found = database->find("inbox:alice");
        BOOST_REQUIRE(found.has_value());
        BOOST_TEST(found->epoch == "new");
        BOOST_TEST(database->read(*found, {}).entries.empty());
        BOOST_TEST(database->read(*found, {}).first_kept == 1U);
        BOOST_TEST(database->conversations().size() == 1U);
        BOOST_TEST(database->check().empty());
        database.reopen();
    }
    // Who still has the old head can't put anything where nobody sees it.
    database->begin();
    BOOST_CHECK_THROW(database->append(inbox, {}, at(minutes(0)), window), DatabaseError);

    // It was delivered then, so it isn't again.
    const Receipt repeat = database.append(fresh, draft, at(minutes(1)));
    BOOST_TEST((repeat.result == Receipt::Result::duplicate));
    BOOST_TEST(repeat.epoch == "old");
    BOOST_TEST(repeat.seq == 1U);
    database.fill(fresh, 2);
    BOOST_TEST(database.numbers(fresh) == from_to(1, 2), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(ids_that_were_given_back_are_used_once_the_highest_is_taken) {
    const SqliteConnections connections;
    TestDatabase database;
    Head lobby = database.create("lobby");
    // As many conversations as there are ids would take hours.
    connections.ask("UPDATE conversations SET id = 16777214 WHERE id = 1");
    Head room = database.create("room:cpp");
    BOOST_TEST(room.id == 16777213);
    lobby = *database->find("lobby");
    database.fill(lobby, 3);
    database.fill(room, 2);
    BOOST_TEST(database.numbers(lobby) == from_to(1, 3), boost::test_tools::per_element());
    BOOST_TEST(database.numbers(room) == from_to(1, 2), boost::test_tools::per_element());
    BOOST_TEST(database->check().empty());
}

BOOST_AUTO_TEST_CASE(a_copy_keeps_numbers_and_times) {
    TestDatabase original;
    Head lobby = original.create("lobby");
    original.fill(lobby, 5, at(minutes(7)));
    original.append(lobby, {.author = "bob", .id = "b", .payload = "b"}, at(minutes(8)));
    TestDatabase copy;
    copy->begin();
    Head copied = copy->create("lobby", "epoch", 3);
    original->for_each(lobby, [&](const Database::Record& record) {
        if (record.seq > 3) {
            copy->restore(copied, record);
        } else {
            BOOST_TEST(record.draft.author == "alice");
        }
    });
    copy->commit();
    BOOST_TEST(copied.last_seq == 6U);
    BOOST_TEST(copy.numbers(copied) == from_to(4, 6), boost::test_tools::per_element());
    const auto last = copy->read(copied, {.after = 5}).entries.at(0);
    BOOST_TEST((last.stored == at(minutes(8))));
    BOOST_TEST(last.payload == "b");
    BOOST_TEST(copy->check().empty());
    copy->begin();
    BOOST_CHECK_THROW(copy->restore(copied, {.seq = 9}), DatabaseError);
}

BOOST_AUTO_TEST_SUITE_END()
