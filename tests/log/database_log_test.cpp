// The log on a database, with its thread: what is answered, in which order, and what happens when
// the file can't be written.
#include "log/database_log.hpp"

#include "support/file_size_limit.hpp"
#include "support/temporary_directory.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

using namespace chat_log;
using Result = Receipt::Result;

namespace {

constexpr auto deadline = std::chrono::seconds(20);

class TestLog {
public:
    TestLog() { begin(); }
    ~TestLog() {
        if (log) {
            end();
        }
    }
    TestLog(const TestLog&) = delete;
    TestLog& operator=(const TestLog&) = delete;

    void begin(const Retention& retention = {.max_messages = 0}) {
        log = std::make_unique<DatabaseLog>(folder.path() / "chat.db", retention);
        log->start(context.get_executor());
    }
    void end() {
        log->stop();
        log.reset();
    }

    /// Runs the loop until `done` holds.
    void run_until(const std::function<bool()>& done) {
        const auto end = std::chrono::steady_clock::now() + deadline;
        while (!done()) {
            BOOST_TEST_REQUIRE((std::chrono::steady_clock::now() < end), "no answer came");
            context.run_one_for(std::chrono::milliseconds(100));
        }
    }

    ConversationPtr open(const std::string& name) {
        ConversationPtr opened;
        bool done = false;
        log->open(name, [&](ConversationPtr conversation) {
            opened = std::move(conversation);
            done = true;
        });
        run_until([&] { return done; });
        return opened;
    }

    Receipt append(const ConversationPtr& conversation, const std::string& payload,
                   const std::string& id = {}) {
        std::vector<Receipt> receipts;
        log->append(conversation, {.author = "alice", .id = id, .payload = payload},
                    [&](const Receipt& receipt) { receipts.push_back(receipt); });
        run_until([&] { return !receipts.empty(); });
        return receipts.front();
    }

    Slice read(const ConversationPtr& conversation, const Range& range) {
        std::vector<Slice> slices;
        log->read(conversation, range, [&](Slice slice) { slices.push_back(std::move(slice)); });
        run_until([&] { return !slices.empty(); });
        return slices.front();
    }

    test::TemporaryDirectory folder;
    boost::asio::io_context context{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work =
        boost::asio::make_work_guard(context);
    std::unique_ptr<DatabaseLog> log;
};

std::uint64_t transactions_of(const TestLog& test) {
    const auto commits = test.log->commits();
    return std::accumulate(commits->counts().begin(), commits->counts().end(), std::uint64_t{0});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(database_log)

BOOST_AUTO_TEST_CASE(what_was_acknowledged_is_there_after_a_restart) {
    TestLog test;
    std::string epoch;
    {
        const auto lobby = test.open("lobby");
        BOOST_TEST(lobby->is_new());
        epoch = lobby->epoch();
        BOOST_TEST(test.append(lobby, "a", "one").seq == 1U);
        BOOST_TEST(test.append(lobby, "b").seq == 2U);
    }
    test.end();
    test.begin();
    const auto lobby = test.open("lobby");
    BOOST_TEST(!lobby->is_new());
    BOOST_TEST(lobby->epoch() == epoch);
    BOOST_TEST(lobby->last_seq() == 2U);
    BOOST_TEST((test.append(lobby, "a", "one").result == Result::duplicate));
    const Slice slice = test.read(lobby, {});
    BOOST_TEST_REQUIRE(slice.entries.size() == 2U);
    BOOST_TEST(slice.entries[0].payload == "a");
    BOOST_TEST(slice.entries[1].payload == "b");
}

BOOST_AUTO_TEST_CASE(many_at_once_are_answered_in_order_and_followed_in_order) {
    constexpr std::size_t count = 1'000;
    TestLog test;
    const auto lobby = test.open("lobby");
    std::vector<Seq> followed;
    std::vector<Seq> answered;
    lobby->follow([&](const Entry& entry) { followed.push_back(entry.seq); });
    for (std::size_t i = 0; i < count; ++i) {
        test.log->append(lobby, {.payload = "x"}, [&](const Receipt& receipt) {
            BOOST_TEST(followed.back() == receipt.seq);
            answered.push_back(receipt.seq);
        });
        BOOST_TEST(answered.empty());
    }
    test.run_until([&] { return answered.size() == count; });
    lobby->follow({});
    for (std::size_t i = 0; i < count; ++i) {
        BOOST_TEST_REQUIRE(answered[i] == i + 1);
    }
    BOOST_TEST((answered == followed));
}

BOOST_AUTO_TEST_CASE(two_who_open_a_conversation_at_once_get_the_same) {
    TestLog test;
    std::vector<ConversationPtr> opened;
    for (int i = 0; i < 2; ++i) {
        test.log->open("lobby", [&](const ConversationPtr& one) { opened.push_back(one); });
    }
    test.run_until([&] { return opened.size() == 2; });
    BOOST_TEST((opened[0] == opened[1]));
}

BOOST_AUTO_TEST_CASE(two_who_ask_for_a_new_beginning_at_once_get_one) {
    TestLog test;
    const auto inbox = test.open("inbox:bob");
    test.append(inbox, "old");
    const std::string old = inbox->epoch();
    std::vector<std::string> epochs;
    for (int i = 0; i < 2; ++i) {
        test.log->restart(inbox,
                          [&](const ConversationPtr& one) { epochs.push_back(one->epoch()); });
    }
    test.run_until([&] { return epochs.size() == 2; });
    BOOST_TEST(epochs[0] != old);
    BOOST_TEST(epochs[0] == epochs[1]);
    BOOST_TEST(test.append(inbox, "new").seq == 1U);
    BOOST_TEST(test.read(inbox, {}).entries.size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_is_not_in_memory_any_more_comes_from_the_file) {
    constexpr Seq count = 1'500;
    TestLog test;
    const auto lobby = test.open("lobby");
    Seq answered = 0;
    for (Seq i = 1; i <= count; ++i) {
        test.log->append(lobby, {.payload = std::to_string(i)},
                         [&](const Receipt& receipt) { answered = receipt.seq; });
    }
    test.run_until([&] { return answered == count; });
    BOOST_TEST(lobby->first_in_memory() == 501U);
    const Slice oldest = test.read(lobby, {.after = 10, .max_entries = 3});
    BOOST_TEST_REQUIRE(oldest.entries.size() == 3U);
    BOOST_TEST(oldest.entries[0].payload == "11");
    BOOST_TEST(oldest.first_kept == 1U);
    const Slice back = test.read(lobby, {.before = 503, .max_entries = 5, .newest = true});
    BOOST_TEST_REQUIRE(back.entries.size() == 5U);
    BOOST_TEST(back.entries.front().payload == "498");
    BOOST_TEST(back.entries.back().payload == "502");
    BOOST_TEST(back.more);
}

BOOST_AUTO_TEST_CASE(while_the_file_cannot_be_written_nothing_is_told_and_then_it_goes_on) {
    TestLog test;
    const auto lobby = test.open("lobby");
    BOOST_TEST(test.append(lobby, "a", "1").seq == 1U);
    std::vector<Seq> followed;
    lobby->follow([&](const Entry& entry) { followed.push_back(entry.seq); });
    {
        const test::FileSizeLimit full(1);
        for (int i = 0; i < 3; ++i) {
            const Receipt refused = test.append(lobby, "b", "2");
            BOOST_TEST((refused.result == Result::unavailable));
        }
        BOOST_TEST((test.open("room:new") == nullptr));
        BOOST_TEST((test.open("lobby") == lobby));
        BOOST_TEST(test.read(lobby, {.before = 2, .newest = true}).entries.size() == 1U);
    }
    BOOST_TEST(followed.empty());
    const Receipt stored = test.append(lobby, "b", "2");
    BOOST_TEST((stored.result == Result::stored));
    BOOST_TEST(stored.seq == 2U);
    BOOST_TEST((followed == std::vector<Seq>{2}));
    lobby->follow({});
    BOOST_TEST((test.open("room:new") != nullptr));
}

BOOST_AUTO_TEST_CASE(what_was_asked_before_the_end_is_stored_and_not_answered) {
    TestLog test;
    bool answered = false;
    {
        const auto lobby = test.open("lobby");
        for (int i = 0; i < 100; ++i) {
            test.log->append(lobby, {.payload = "x"}, [&](const Receipt&) { answered = true; });
        }
    }
    test.end();
    test.context.poll();
    BOOST_TEST(!answered);
    test.begin();
    BOOST_TEST(test.open("lobby")->last_seq() == 100U);
}

// Clients hear of their message when the loop gets to it, which takes a crowded room a while, and
// then send the next. Those that were told together are to share the next transaction.
BOOST_AUTO_TEST_CASE(who_is_told_together_shares_the_next_transaction) {
    constexpr int clients = 4;
    constexpr int rounds = 50;
    TestLog test;
    const ConversationPtr lobby = test.open("lobby");
    const auto before = transactions_of(test);
    int stored = 0;
    std::function<void(const Receipt&)> on_stored;
    const auto say_more = [&] {
        test.log->append(lobby, {.author = "alice", .payload = "hello"}, on_stored);
    };
    on_stored = [&](const Receipt&) {
        if (++stored <= clients * (rounds - 1)) {
            boost::asio::post(test.context, [&] {
                std::this_thread::sleep_for(std::chrono::milliseconds(1));  // the flush
                say_more();
            });
        }
    };
    for (int client = 0; client < clients; ++client) {
        say_more();
    }
    test.run_until([&] { return stored == clients * rounds; });
    const auto transactions = transactions_of(test) - before;
    BOOST_TEST(transactions < 2U * rounds);  // if they take turns, there are nearly 4 times as many
}

BOOST_AUTO_TEST_SUITE_END()
