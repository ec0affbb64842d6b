// What scripts/history.sh does with a database.
#include "history/history.hpp"

#include "history/history_line.hpp"
#include "log/test_database.hpp"
#include "support/sqlite_connections.hpp"

#include <boost/test/unit_test.hpp>

#include <sstream>

using namespace test;
using namespace history;
using std::chrono::milliseconds;

namespace {

std::string exported(const std::filesystem::path& file, const std::string& conversation = "") {
    std::ostringstream out;
    export_lines(file, conversation, out);
    return out.str();
}

std::size_t imported(const std::filesystem::path& file, const std::string& lines) {
    std::istringstream in(lines);
    return import_lines(file, in);
}

std::string refused(const std::filesystem::path& file, const std::string& lines) {
    try {
        imported(file, lines);
    } catch (const HistoryError& error) {
        return error.what();
    }
    return "it was imported";
}

std::string line(const std::string& conversation, Seq seq, const std::string& epoch = "k3f9") {
    return write_line({.conversation = conversation,
                       .epoch = epoch,
                       .record = {.seq = seq,
                                  .stored = at(milliseconds(seq)),
                                  .draft = {.author = "alice",
                                            .id = conversation + std::to_string(seq),
                                            .payload = R"({"message":"hi"})"}}}) +
           '\n';
}

}  // namespace

BOOST_AUTO_TEST_SUITE(history_files)

BOOST_AUTO_TEST_CASE(a_message_is_a_line_of_json) {
    const std::string text =
        R"({"conversation":"room:c\"pp","epoch":"k3f9","seq":42,"stored":"2024-01-01T00:00:01.234Z",)"
        R"("author":"小明","id":"6f1c","payload":{"type":"message", "message":"a\nb","n":1.50}})";
    const HistoryLine message = read_line(text);
    BOOST_TEST(message.conversation == "room:c\"pp");
    BOOST_TEST(message.epoch == "k3f9");
    BOOST_TEST(message.record.seq == 42U);
    BOOST_TEST((message.record.stored == at(milliseconds(1234))));
    BOOST_TEST(message.record.draft.author == "小明");
    BOOST_TEST(message.record.draft.id == "6f1c");
    BOOST_TEST(message.record.draft.payload == R"({"type":"message", "message":"a\nb","n":1.50})");
    BOOST_TEST(write_line(message) == text);
    // Others may put the fields in another order, and leave the id out.
    const HistoryLine other = read_line(
        R"({ "payload": {"a": 1}, "seq":1,"epoch":"e","author":"","conversation":"lobby",)"
        R"("stored":"1969-12-31T23:59:59.999Z" })");
    BOOST_TEST(other.record.draft.payload == R"({"a":1})");
    BOOST_TEST(other.record.draft.id.empty());
    BOOST_TEST((read_line(write_line(other)).record.stored == Time(milliseconds(-1))));
}

BOOST_AUTO_TEST_CASE(a_payload_of_several_lines_becomes_one) {
    const std::string text =
        write_line({.conversation = "lobby",
                    .epoch = "e",
                    .record = {.seq = 1, .draft = {.payload = "{\n\"a\":\r\n1}"}}});
    BOOST_TEST(text.find('\n') == std::string::npos);
    BOOST_TEST(read_line(text).record.draft.payload == R"({"a":1})");
}

BOOST_AUTO_TEST_CASE(what_is_no_message_is_refused) {
    const std::string good =
        R"({"conversation":"lobby","epoch":"e","seq":1,"stored":"2024-01-01T00:00:00.000Z","author":"a","payload":{"a":1}})";
    const auto check_refused = [&](const std::string& part, const std::string& instead,
                                   const std::string& why) {
        std::string bad = good;
        BOOST_REQUIRE(bad.find(part) != std::string::npos);
        bad.replace(bad.find(part), part.size(), instead);
        BOOST_CHECK_EXCEPTION(read_line(bad), InvalidLine, [&](const InvalidLine& error) {
            const std::string said = error.what();
            BOOST_TEST(said.find(why) != std::string::npos, said << ": " << bad);
            return true;
        });
    };
    BOOST_CHECK_NO_THROW(read_line(good));
    check_refused(good, "hello", "isn't a JSON object");
    check_refused(good, "[1]", "isn't a JSON object");
    check_refused(good, good.substr(0, 50), "isn't a JSON object");
    check_refused("\"lobby\"", "7", "\"conversation\"");
    check_refused("\"lobby\"", "\"\"", "\"conversation\"");
    check_refused(R"("epoch":"e",)", "", "\"epoch\"");
    for (const char* const seq : {"0", "-1", "\"1\"", "1.5", "null"}) {
        check_refused("\"seq\":1", std::string("\"seq\":") + seq, "\"seq\"");
    }
    for (const char* const time :
         {"yesterday", "2024-02-30T00:00:00.000Z", "2024-01-01T00:00:00Z",
          "2024-01-01T24:00:00.000Z", "2024-01-01T00:00:00.000Z ", "2024-1-01T00:00:00.000Z"}) {
        check_refused("2024-01-01T00:00:00.000Z", time, "\"stored\"");
    }
    check_refused(R"("author":"a",)", "", "\"author\"");
    check_refused(R"("author":"a",)", R"("author":"a","id":"",)", "\"id\"");
    check_refused(R"({"a":1}})", "{}}", "\"payload\"");
    check_refused(R"({"a":1}})", "\"a\"}", "\"payload\"");
    check_refused(R"("author":"a",)", R"("author":"a","room":"b",)", "\"room\" isn't a field");
}

BOOST_AUTO_TEST_CASE(what_was_exported_is_imported_as_it_was) {
    TestDatabase original;
    Head lobby = original.create("lobby", "k3f9");
    Head room = original.create("room:cpp", "p2x");
    original.create("inbox:alice");
    for (int i = 0; i < 50; ++i) {
        Head& head = i % 3 == 0 ? room : lobby;
        original.append(head,
                        {.author = "alice",
                         .id = i % 2 == 0 ? "" : std::to_string(i),
                         .payload = R"({"message":"number )" + std::to_string(i) + "\"}"},
                        at(milliseconds(i)));
    }
    original.trim({.max_messages = 8}, at(minutes(1)));
    const std::string lines = exported(original.path);
    BOOST_TEST(std::count(lines.begin(), lines.end(), '\n') == 16);
    BOOST_TEST(exported(original.path, "room:cpp").size() < lines.size());

    const auto copy = original.folder.path() / "copy.db";
    BOOST_TEST(imported(copy, lines) == 16U);
    BOOST_TEST(exported(copy) == lines);
    Database database(copy);
    BOOST_TEST(database.find("lobby")->last_seq == lobby.last_seq);
    BOOST_TEST(database.find("lobby")->epoch == "k3f9");
    BOOST_TEST(database.read(*database.find("lobby"), {}).first_kept == lobby.last_seq - 7);
    BOOST_TEST(database.check().empty());
}

BOOST_AUTO_TEST_CASE(an_import_goes_on_where_the_file_ends) {
    TestDatabase database;
    Head unused = database.create("lobby", "never used");
    database.database.reset();
    BOOST_TEST(imported(database.path, line("lobby", 1) + "\n" + line("lobby", 2)) == 2U);
    BOOST_TEST(imported(database.path, line("room:cpp", 7) + line("lobby", 3)) == 2U);
    database.reopen();
    BOOST_TEST(database->find("lobby")->epoch == "k3f9");
    BOOST_TEST(database->find("lobby")->last_seq == 3U);
    BOOST_TEST(database->find("room:cpp")->last_seq == 7U);
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_named_and_nothing_is_imported) {
    TestDatabase database;
    database.database.reset();
    imported(database.path, line("lobby", 1) + line("lobby", 2));
    const std::string before = exported(database.path);
    const auto check_refused = [&](const std::string& lines, const std::string& why) {
        const std::string said = refused(database.path, lines);
        BOOST_TEST(said == why + "; nothing was imported");
        BOOST_TEST(exported(database.path) == before);
    };
    check_refused(line("lobby", 3) + "\n" + line("lobby", 3),
                  "line 3: lobby already has a message 3");
    check_refused(line("lobby", 2), "line 1: lobby already has a message 2");
    check_refused(line("room:cpp", 1) + line("lobby", 4),
                  "line 2: the message 3 of lobby is missing before it");
    check_refused(line("room:cpp", 1) + line("room:cpp", 2, "other"),
                  "line 2: room:cpp has another epoch in this file: import into a new one");
    check_refused(line("lobby", 3) + "hello\n", "line 2: this isn't a JSON object");
    const auto fresh = database.folder.path() / "fresh.db";
    BOOST_TEST(refused(fresh, line("lobby", 1) + "hello").starts_with("line 2: "));
    BOOST_TEST(!std::filesystem::exists(fresh));
}

BOOST_AUTO_TEST_CASE(beside_a_server_it_reads_and_does_not_write) {
    TestDatabase server;
    Head lobby = server.create("lobby");
    server.append(lobby, {.author = "alice", .payload = R"({"message":"hi"})"});
    BOOST_TEST(exported(server.path, "lobby").find("\"hi\"") != std::string::npos);
    std::ostringstream out;
    BOOST_TEST(history::check(server.path, out));
    BOOST_TEST(out.str() == server.path.string() + ": ok, 1 conversations, 1 messages\n");
    BOOST_CHECK_THROW(compact(server.path, out), DatabaseError);
    BOOST_CHECK_THROW(imported(server.path, line("room:cpp", 1)), DatabaseError);
    BOOST_CHECK_THROW(exported(server.path, "room:cpp"), HistoryError);
    server.append(lobby, {.author = "alice", .payload = R"({"message":"hi"})"});
}

BOOST_AUTO_TEST_CASE(compacting_gives_space_back) {
    TestDatabase database;
    Head lobby = database.create("lobby");
    for (int i = 0; i < 100; ++i) {
        database.append(lobby, {.payload = std::string(10'000, 'x')});
    }
    database.trim({.max_messages = 10}, at(minutes(1)));
    database.database.reset();
    const auto before = std::filesystem::file_size(database.path);
    std::ostringstream out;
    compact(database.path, out);
    BOOST_TEST(std::filesystem::file_size(database.path) < before / 4);
    BOOST_TEST(history::check(database.path, out));
    BOOST_CHECK_THROW(compact(database.folder.path() / "missing.db", out), HistoryError);
    BOOST_TEST(!std::filesystem::exists(database.folder.path() / "missing.db"));
    database.reopen();
    BOOST_TEST(database.numbers(lobby).size() == 10U);
}

BOOST_AUTO_TEST_CASE(a_damaged_file_is_told) {
    const SqliteConnections connections;
    TestDatabase database;
    Head lobby = database.create("lobby");
    database.fill(lobby, 2);
    connections.ask("UPDATE conversations SET last_seq = 5");
    std::ostringstream out;
    BOOST_TEST(!history::check(database.path, out));
    BOOST_TEST(out.str() ==
               database.path.string() + ": lobby: its last message is 2, but it counts 5\n");
}

BOOST_AUTO_TEST_SUITE_END()
