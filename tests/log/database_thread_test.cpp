// The thread of the database, where messages come in all the time.
#include "log/database_thread.hpp"

#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <utility>
#include <vector>

using namespace chat_log;
using Command = DatabaseThread::Command;
using Outcome = DatabaseThread::Outcome;

BOOST_AUTO_TEST_SUITE(database_thread)

// Clients that never pause must not keep the database from forgetting.
BOOST_AUTO_TEST_CASE(it_trims_while_messages_come_in) {
    const test::TemporaryDirectory folder;
    constexpr Seq kept = 10;
    DatabaseThread* thread = nullptr;
    std::atomic<bool> ending = false;
    std::promise<void> trimmed;
    const auto say_more = [&] {
        thread->post({.kind = Command::Kind::append,
                      .conversation = "lobby",
                      .epoch = "e",
                      .draft = {.author = "bob", .payload = "hello"}});
        thread->post({.kind = Command::Kind::read, .conversation = "lobby", .epoch = "e"});
    };
    const auto deliver = [&](const std::vector<Outcome>& outcomes) {
        if (ending) {
            return;
        }
        const auto& [command, available, head, receipt, slice] = outcomes.back();
        if (command.kind == Command::Kind::read && slice.first_kept > kept) {
            ending = true;
            trimmed.set_value();
            return;
        }
        say_more();
        thread->told({});
    };
    DatabaseThread database(folder.path() / "chat.db", {.max_messages = kept}, deliver, {});
    thread = &database;
    say_more();
    const auto status = trimmed.get_future().wait_for(std::chrono::seconds(20));
    ending = true;
    BOOST_TEST((status == std::future_status::ready), "nothing was trimmed");
}

BOOST_AUTO_TEST_SUITE_END()
