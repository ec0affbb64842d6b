// Files that can't be used: each is refused in one line that says what to do.
#include "log/test_database.hpp"
#include "support/child_process.hpp"
#include "support/sqlite_connections.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

#include <fstream>
#include <random>

using namespace test;
using namespace std::string_literals;
using std::filesystem::perms;

namespace {

using Access = Database::Access;

std::string refusal(const std::filesystem::path& file, Access access = Access::serve) {
    try {
        const Database database(file, access);
    } catch (const DatabaseError& error) {
        return error.what();
    }
    return "it was opened";
}

void check_refused(const std::string& said, const std::filesystem::path& file,
                   const std::string& why) {
    BOOST_TEST(said.starts_with(file.string() + ": "), said);
    BOOST_TEST(said.find(why) != std::string::npos, said);
    BOOST_TEST(said.find('\n') == std::string::npos, said);
}

void check_refused(const std::filesystem::path& file, const std::string& why,
                   Access access = Access::serve) {
    check_refused(refusal(file, access), file, why);
}

/// What somebody who is not root is told.
std::string refusal_for_nobody(const std::filesystem::path& file, Access access = Access::serve) {
    ChildProcess child([&](const auto& say) { say(refusal(file, access)); },
                       ChildProcess::As::nobody);
    return child.line();
}

std::string read_file(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

void write_file(const std::filesystem::path& file, const std::string& content) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(database_files)

BOOST_AUTO_TEST_CASE(a_new_file_is_its_owners_alone) {
    TestDatabase database;
    Head lobby = database.create("lobby");
    database.fill(lobby, 1);
    for (const char* const suffix : {"", "-wal", "-shm"}) {
        struct stat status{};
        BOOST_REQUIRE(::stat((database.path.string() + suffix).c_str(), &status) == 0);
        BOOST_TEST((status.st_mode & 0777U) == 0600U);
    }
    database.database.reset();
    // All of it is in one file then, which may be copied.
    BOOST_TEST(!std::filesystem::exists(database.path.string() + "-wal"));
}

BOOST_AUTO_TEST_CASE(what_is_no_file_is_refused) {
    const TemporaryDirectory folder;
    check_refused(folder.path() / "missing" / "chat.db", "its folder doesn't exist");
    check_refused(folder.path(), "this is a folder");
    check_refused(folder.path(), "this is a folder", Access::read);
    check_refused(folder.path() / "chat.db", "there is no such file", Access::read);
    BOOST_TEST(!std::filesystem::exists(folder.path() / "chat.db"));
    const auto fifo = folder.path() / "fifo";
    BOOST_REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    check_refused(fifo, "this isn't a file");
    BOOST_TEST(refusal("").find("needs the name of a file") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_no_database_is_refused_and_left_alone) {
    const TemporaryDirectory folder;
    for (const std::string& content : {std::string("a shopping list"), std::string(5'000, 'x'),
                                       "SQLite format 3\0 and then not"s}) {
        const auto file = folder.write("list.txt", content);
        check_refused(file, "this isn't a database");
        check_refused(file, "this isn't a database", Access::read);
        BOOST_TEST((read_file(file) == content));
    }
    // An empty file is a new database.
    BOOST_TEST(refusal(folder.write("empty.db", "")) == "it was opened");
    check_refused(folder.write("empty2.db", ""), "it's empty", Access::read);
}

BOOST_AUTO_TEST_CASE(the_database_of_another_program_is_refused_and_left_alone) {
    const SqliteConnections connections;
    const TemporaryDirectory folder;
    for (const char* const sql : {"CREATE TABLE music (title TEXT)", "PRAGMA application_id = 7",
                                  "PRAGMA user_version = 1"}) {
        const auto file = folder.path() / "music.db";
        sqlite3* music = nullptr;
        BOOST_REQUIRE(::sqlite3_open(file.c_str(), &music) == SQLITE_OK);
        connections.ask(sql);
        ::sqlite3_close(music);
        const std::string before = read_file(file);
        check_refused(file, "the database of another program");
        check_refused(file, "the database of another program", Access::read);
        BOOST_TEST((read_file(file) == before));
        std::filesystem::remove(file);
    }
}

BOOST_AUTO_TEST_CASE(the_database_of_a_newer_version_is_refused_and_left_alone) {
    const SqliteConnections connections;
    TestDatabase database;
    connections.ask("PRAGMA user_version = 999");
    database.database.reset();
    const std::string before = read_file(database.path);
    check_refused(database.path, "its format is 999, known here is 1");
    check_refused(database.path, "run that version", Access::read);
    BOOST_TEST((read_file(database.path) == before));
}

BOOST_AUTO_TEST_CASE(who_may_not_write_is_told_so) {
    TestDatabase database;
    Head lobby = database.create("lobby");
    database.fill(lobby, 1);
    database.database.reset();
    const auto folder = database.folder.path();

    std::filesystem::permissions(folder, perms(0777));
    std::filesystem::permissions(database.path, perms(0444));
    check_refused(refusal_for_nobody(database.path), database.path, "permission denied");
    // Reading it is allowed.
    BOOST_TEST(refusal_for_nobody(database.path, Access::read) == "it was opened");
    std::filesystem::permissions(database.path, perms(0000));
    check_refused(refusal_for_nobody(database.path, Access::read), database.path,
                  "right to write the file");

    std::filesystem::permissions(database.path, perms(0666));
    std::filesystem::permissions(folder, perms(0555));
    check_refused(refusal_for_nobody(database.path), database.path,
                  "write the file and its folder");
    check_refused(refusal_for_nobody(folder / "new.db"), folder / "new.db", "permission denied");
    std::filesystem::permissions(folder, perms(0700));
    BOOST_TEST(refusal(database.path) == "it was opened");
}

BOOST_AUTO_TEST_CASE(a_second_server_is_refused_and_a_reader_is_not) {
    const TemporaryDirectory folder;
    const auto file = folder.path() / "chat.db";
    ChildProcess server([&](const auto& say) {
        Database database(file);
        database.begin();
        Head lobby = database.create("lobby", "epoch");
        database.append(lobby, {.payload = "hello"}, at(minutes(0)), window);
        database.commit();
        // Another transaction is open while the others look.
        database.begin();
        database.append(lobby, {.payload = "not yet"}, at(minutes(0)), window);
        say("serving");
        ::pause();
    });
    BOOST_REQUIRE(server.line() == "serving");
    check_refused(file, "another server uses it");
    {
        Database reader(file, Access::read);
        reader.begin();
        const auto lobby = reader.find("lobby");
        BOOST_REQUIRE(lobby.has_value());
        BOOST_TEST(lobby->last_seq == 1U);
        BOOST_TEST(reader.read(*lobby, {}).entries.at(0).payload == "hello");
        BOOST_TEST(reader.check().empty());
        BOOST_CHECK_THROW(reader.create("room:cpp", "epoch"), DatabaseError);
    }
    check_refused(file, "another server uses it");
    server.kill();
    // Its lock went with it, and so did what it hadn't committed.
    Database database(file);
    BOOST_TEST(database.find("lobby")->last_seq == 1U);
}

BOOST_AUTO_TEST_CASE(a_program_that_locks_the_file_is_reported_and_outlived) {
    TestDatabase database;
    Head lobby = database.create("lobby");
    database.fill(lobby, 1);
    ChildProcess stranger([&](const auto& say) {
        sqlite3* connection = nullptr;
        const bool locked =
            ::sqlite3_open(database.path.c_str(), &connection) == SQLITE_OK &&
            ::sqlite3_exec(connection, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK;
        say(locked ? "locked" : "failed");
        ::pause();
    });
    BOOST_REQUIRE(stranger.line() == "locked");
    BOOST_CHECK_EXCEPTION(database->begin(), DatabaseError, [&](const DatabaseError& error) {
        check_refused(error.what(), database.path, "another program has locked it");
        return true;
    });
    BOOST_TEST(database.numbers(lobby).size() == 1U);
    stranger.kill();
    database.fill(lobby, 1);
    BOOST_TEST(database.numbers(lobby).size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_damaged_file_is_an_error_and_never_a_crash) {
    TestDatabase database;
    Head lobby = database.create("lobby");
    database.fill(lobby, 3'000);
    database.database.reset();
    const std::string whole = read_file(database.path);
    BOOST_REQUIRE(whole.size() > 40'000U);
    std::mt19937 random(1);
    const auto try_it = [&] {
        try {
            Database damaged(database.path);
            const bool found = !damaged.check().empty();
            if (auto head = damaged.find("lobby")) {
                damaged.read(*head, {.max_entries = 10'000});
                damaged.begin();
                damaged.append(*head, {.author = "alice", .id = "7", .payload = "x"},
                               at(minutes(0)), window);
                damaged.commit();
                while (damaged.trim({.max_messages = 10}, at(minutes(1)),
                                    [](auto) { return false; })) {}
            }
            return found;
        } catch (const DatabaseError& error) {
            const std::string said = error.what();
            BOOST_TEST(said.starts_with(database.path.string() + ": "), said);
            BOOST_TEST(said.find('\n') == std::string::npos, said);
            return true;
        }
    };
    BOOST_TEST(!try_it());

    int found = 0;
    int looked_for = 0;
    constexpr int damages = 200;
    for (int i = 0; i < damages; ++i) {
        std::string damaged = whole;
        // Bits that flipped anywhere, or in the heads of some pages, or pages that were never
        // written. In what was said itself, nobody can tell.
        const bool anywhere = i % 4 == 2;
        for (int n = 0; n < 4; ++n) {
            const std::size_t page = random() % (damaged.size() / 4096) * 4096;
            if (i % 4 == 3) {
                damaged.replace(page, 4096, std::string(4096, '\0'));
            } else {
                char& byte = damaged[page + random() % (anywhere ? 4096 : 64)];
                byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << random() % 8));
            }
        }
        write_file(database.path, damaged);
        const bool was_found = try_it();
        if (!anywhere) {
            ++looked_for;
            found += was_found ? 1 : 0;
        }
        std::filesystem::remove(database.path.string() + "-wal");
    }
    BOOST_TEST(found > looked_for * 9 / 10);

    for (const std::size_t size : {whole.size() / 2, std::size_t{4096}, std::size_t{1000}}) {
        write_file(database.path, whole.substr(0, size));
        BOOST_TEST(try_it());
        std::filesystem::remove(database.path.string() + "-wal");
    }
    write_file(database.path, whole.substr(0, whole.size() / 2));
    check_refused(database.path, "the database is damaged");
}

BOOST_AUTO_TEST_CASE(the_check_finds_what_only_this_program_knows) {
    const SqliteConnections connections;
    TestDatabase database;
    Head lobby = database.create("lobby");
    database.append(lobby, {.author = "alice", .id = "a"});
    database.fill(lobby, 20);
    const auto faults_after = [&](const std::string& sql) {
        connections.ask(sql);
        return database->check();
    };
    const auto check_found = [&](const std::string& sql, const std::string& back,
                                 const std::string& fault) {
        BOOST_TEST(database->check().empty());
        std::string found;
        for (const std::string& line : faults_after(sql)) {
            found += line + ";";
        }
        BOOST_TEST(found == fault + ";");
        faults_after(back);
    };
    const std::string five = std::to_string((lobby.id << 39) + 5);
    check_found("UPDATE messages SET position = -1 WHERE position = " + five,
                "UPDATE messages SET position = " + five + " WHERE position = -1",
                "lobby: of the messages 1 to 21, 1 are missing;1 messages are of no conversation");
    check_found("UPDATE conversations SET last_seq = 30", "UPDATE conversations SET last_seq = 21",
                "lobby: its last message is 21, but it counts 30");
    check_found("UPDATE receipts SET id = 'b'", "UPDATE receipts SET id = 'a'",
                "1 receipts are of no message");
}

BOOST_AUTO_TEST_SUITE_END()
