// How SQLite finds what the database asks for: always by a key, never by looking through a table.
#include "log/test_database.hpp"
#include "support/sqlite_connections.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>

using namespace test;

namespace {

/// The plans of all statements that the connection keeps compiled, by their SQL.
std::map<std::string, std::string> plans() {
    std::vector<std::string> queries;
    sqlite3_stmt* statement = nullptr;
    while ((statement = ::sqlite3_next_stmt(SqliteConnections::last(), statement)) != nullptr) {
        queries.emplace_back(::sqlite3_sql(statement));
    }
    std::map<std::string, std::string> plans;
    for (const std::string& query : queries) {
        std::string plan;
        for (const std::string& row : SqliteConnections::ask("EXPLAIN QUERY PLAN " + query)) {
            plan += row + '\n';
        }
        plans.emplace(query, plan);
    }
    return plans;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(database_plan)

BOOST_AUTO_TEST_CASE(every_statement_finds_its_rows_by_a_key) {
    const SqliteConnections connections;
    TestDatabase database;
    Head lobby = database.create("lobby");
    database.fill(lobby, 1'000);
    for (int i = 0; i < 300; ++i) {
        database.create("room:" + std::to_string(i));
    }
    // Also where somebody had SQLite count what is in the tables.
    for (const char* const statistics : {"PRAGMA user_version", "ANALYZE"}) {
        SqliteConnections::ask(statistics);
        std::size_t searches = 0;
        for (const auto& [query, plan] : plans()) {
            BOOST_TEST(plan.find("SCAN") == std::string::npos, query << "\n" << plan);
            BOOST_TEST(plan.find("TEMP B-TREE") == std::string::npos, query << "\n" << plan);
            searches += plan.find("SEARCH") != std::string::npos ? 1 : 0;
        }
        BOOST_TEST(searches >= 12U);
    }
}

BOOST_AUTO_TEST_CASE(reading_forward_and_back_goes_along_the_primary_key) {
    const SqliteConnections connections;
    TestDatabase database;
    int found = 0;
    for (const auto& [query, plan] : plans()) {
        const bool forward = query.ends_with("ORDER BY position LIMIT ?");
        const bool back = query.ends_with("ORDER BY position DESC LIMIT ?");
        if (forward || back) {
            ++found;
            BOOST_TEST(
                plan.find("SEARCH messages USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)") !=
                    std::string::npos,
                query << "\n"
                      << plan);
        }
    }
    BOOST_TEST(found == 2);
}

BOOST_AUTO_TEST_SUITE_END()
