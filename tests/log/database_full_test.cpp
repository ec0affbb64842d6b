// A disk that is full, and then has room again.
#include "log/test_database.hpp"
#include "support/file_size_limit.hpp"

#include <boost/test/unit_test.hpp>

using namespace test;

namespace {

bool says_full(const DatabaseError& error) {
    const std::string said = error.what();
    BOOST_TEST(said.find("there is no room for it on the disk") != std::string::npos, said);
    BOOST_TEST(said.find('\n') == std::string::npos, said);
    return true;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(database_full)

BOOST_AUTO_TEST_CASE(it_goes_on_when_there_is_room_again) {
    TestDatabase database;
    Head lobby = database.create("lobby");
    database.fill(lobby, 10);
    const std::string large(10'000, 'x');
    for (int i = 0; i < 3; ++i) {
        Seq acknowledged = lobby.last_seq;
        {
            // The write-ahead log has its first pages by now, and gets no more than these.
            const FileSizeLimit limit(400'000);
            const auto until_full = [&] {
                while (true) {
                    acknowledged = lobby.last_seq;
                    database.append(
                        lobby,
                        {.author = "bob", .id = std::to_string(lobby.last_seq), .payload = large});
                }
            };
            BOOST_CHECK_EXCEPTION(until_full(), DatabaseError, says_full);
            BOOST_TEST(acknowledged >= 10U);
            // It stays full, and what is there can be read.
            BOOST_CHECK_EXCEPTION(database.append(lobby, {.payload = std::string(500'000, 'x')}),
                                  DatabaseError, says_full);
            BOOST_TEST(database->find("lobby")->last_seq == acknowledged);
            BOOST_TEST(database->read(lobby, {.before = 11}).entries.size() == 10U);
            BOOST_TEST(database->check().empty());
        }
        // The repeat of what was refused isn't taken for one.
        const Receipt receipt = database.append(
            lobby, {.author = "bob", .id = std::to_string(acknowledged), .payload = large});
        BOOST_TEST((receipt.result == Receipt::Result::stored));
        BOOST_TEST(receipt.seq == acknowledged + 1);
        BOOST_TEST(database->check().empty());
        // What waits in the write-ahead log goes to the database.
        database.reopen();
        BOOST_TEST(database->find("lobby")->last_seq == acknowledged + 1);
    }
}

BOOST_AUTO_TEST_CASE(a_transaction_larger_than_the_disk_is_refused_as_a_whole) {
    TestDatabase database;
    Head lobby = database.create("lobby");
    database.fill(lobby, 1);
    {
        const FileSizeLimit limit(4'000'000);
        // More than SQLite keeps in memory, so it fails before the commit.
        const auto fill = [&] {
            database->begin();
            for (int i = 0; i < 1'000; ++i) {
                database->append(lobby, {.payload = std::string(100'000, 'x')}, at(minutes(0)), {});
            }
            database->commit();
        };
        BOOST_CHECK_EXCEPTION(fill(), DatabaseError, says_full);
        database.append(lobby, {.payload = "small"});
    }
    BOOST_TEST(database.numbers(lobby).size() == 2U);
    BOOST_TEST(database->check().empty());
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_told_at_the_start) {
    TestDatabase database;
    Head lobby = database.create("lobby");
    database.fill(lobby, 1);
    database.database.reset();
    {
        const FileSizeLimit limit(0);
        BOOST_CHECK_EXCEPTION(Database(database.path), DatabaseError, says_full);
        BOOST_CHECK_EXCEPTION(Database(database.folder.path() / "new.db"), DatabaseError,
                              says_full);
    }
    database.reopen();
    BOOST_TEST(database->find("lobby")->last_seq == 1U);
    BOOST_TEST(Database(database.folder.path() / "new.db").check().empty());
}

BOOST_AUTO_TEST_SUITE_END()
