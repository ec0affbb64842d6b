// One log for several threads.
#include "log/shared_log.hpp"

#include "support/temporary_directory.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

using namespace chat_log;
using Result = Receipt::Result;

namespace {

constexpr auto deadline = std::chrono::seconds(30);

/// One event loop on a thread of its own, with its view of the log, that follows one conversation.
class Shard {
public:
    explicit Shard(SharedLog& shared) : log(shared.view()) {
        log->start(context_.get_executor());
        thread_ = std::thread([this] { context_.run(); });
    }
    ~Shard() {
        boost::asio::post(context_, [this] {
            lobby.reset();
            log->stop();
            work_.reset();
        });
        thread_.join();
    }
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    void post(std::function<void()> function) { boost::asio::post(context_, std::move(function)); }

    /// On its thread.
    void open(std::function<void()> opened) {
        log->open("lobby", [this, opened = std::move(opened)](ConversationPtr conversation) {
            lobby = std::move(conversation);
            lobby->follow([this](const Entry& entry) { seen(entry); }, [this] { ++beginnings; });
            opened();
        });
    }

    void seen(const Entry& entry) {
        in_order = in_order && entry.seq == last + 1;
        last = entry.seq;
        payloads.push_back(entry.payload);
    }

    std::unique_ptr<Log> log;
    // Its thread's:
    ConversationPtr lobby{};
    bool in_order = true;
    Seq last = 0;
    std::vector<std::string> payloads{};
    int beginnings = 0;

private:
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ =
        boost::asio::make_work_guard(context_);
    std::thread thread_;
};

/// Runs the function on the shard's thread; it's done when it calls what it is given.
void wait_for(Shard& shard, const std::function<void(std::function<void()>)>& function) {
    struct Done {
        std::mutex mutex{};
        std::condition_variable changed{};
        bool is_done = false;
    };
    const auto done = std::make_shared<Done>();
    shard.post([&function, done] {
        function([done] {
            const std::lock_guard lock(done->mutex);
            done->is_done = true;
            done->changed.notify_one();
        });
    });
    std::unique_lock lock(done->mutex);
    BOOST_TEST_REQUIRE(done->changed.wait_for(lock, deadline, [&done] { return done->is_done; }));
}

void open(Shard& shard) {
    wait_for(shard, [&shard](auto done) { shard.open(std::move(done)); });
}

/// Appends one message after the other, the next when the one before is stored.
void say(Shard& shard, const std::string& name, int count, std::function<void()> done) {
    if (count == 0) {
        done();
        return;
    }
    shard.log->append(
        shard.lobby, {.author = name, .id = std::to_string(count), .payload = name},
        [&shard, name, count, done = std::move(done)](const Receipt& receipt) {
            BOOST_TEST((receipt.result == Result::stored));
            BOOST_TEST(receipt.seq <= shard.last);
            shard.post([&shard, name, count, done] { say(shard, name, count - 1, done); });
        });
}

void until_seen(Shard& shard, Seq last) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    bool seen = false;
    while (!seen) {
        BOOST_TEST_REQUIRE((std::chrono::steady_clock::now() < end));
        wait_for(shard, [&](auto done) {
            seen = shard.last >= last;
            done();
        });
    }
}

std::shared_ptr<SharedLog> make_log(bool in_file, const test::TemporaryDirectory& folder) {
    return in_file ? std::make_shared<SharedLog>(
                         std::make_unique<DatabaseLog>(folder.path() / "chat.db"))
                   : std::make_shared<SharedLog>(std::make_unique<MemoryLog>());
}

/// Two that have the lobby open.
struct TwoShards {
    explicit TwoShards(bool in_file) : log(make_log(in_file, folder)) {
        open(a);
        open(b);
    }

    test::TemporaryDirectory folder{};
    std::shared_ptr<SharedLog> log;
    Shard a{*log};
    Shard b{*log};
};

void all_see_all_messages_in_one_order(bool in_file) {
    const test::TemporaryDirectory folder;
    const auto log = make_log(in_file, folder);
    constexpr int count = 500;
    Shard a(*log);
    Shard b(*log);
    Shard c(*log);
    for (Shard* const shard : {&a, &b, &c}) {
        open(*shard);
    }
    wait_for(a, [&](auto done_with_a) {
        wait_for(b, [&](auto begun) {
            say(b, "b", count, [] {});
            begun();
        });
        say(a, "a", count, std::move(done_with_a));
    });
    for (Shard* const shard : {&a, &b, &c}) {
        until_seen(*shard, 2 * count);
        wait_for(*shard, [&](auto done) {
            BOOST_TEST(shard->in_order);
            BOOST_TEST(std::ranges::count(shard->payloads, "a") == count);
            done();
        });
    }
    BOOST_TEST(a.payloads == c.payloads);
    BOOST_TEST(b.payloads == c.payloads);
}

void a_repeat_is_known_at_another_shard(bool in_file) {
    TwoShards shards(in_file);
    Shard& a = shards.a;
    Shard& b = shards.b;
    const Draft draft{.author = "alice", .id = "1", .payload = "hello"};
    wait_for(a, [&](auto done) {
        a.log->append(a.lobby, draft, [done](const Receipt& receipt) {
            BOOST_TEST((receipt.result == Result::stored));
            done();
        });
    });
    wait_for(b, [&](auto done) {
        b.log->append(b.lobby, draft, [done](const Receipt& receipt) {
            BOOST_TEST((receipt.result == Result::duplicate));
            BOOST_TEST(receipt.seq == 1U);
            done();
        });
    });
    wait_for(b, [&](auto done) {
        b.log->read(b.lobby, {}, [done](const Slice& slice) {
            BOOST_TEST(slice.entries.size() == 1U);
            done();
        });
    });
}

/// What another shard has said is told to this one later; here its thread is kept busy until then.
void a_shard_catches_up_with_what_a_client_knows_from_another(bool in_file) {
    TwoShards shards(in_file);
    Shard& a = shards.a;
    Shard& b = shards.b;
    wait_for(b, [&](auto done) {
        wait_for(a, [&](auto said) { say(a, "a", 3, std::move(said)); });
        BOOST_TEST(b.last == 0U);
        b.log->catch_up(b.lobby, b.lobby->epoch(), 3, [&b, done](const ConversationPtr& lobby) {
            BOOST_TEST((lobby == b.lobby));
            BOOST_TEST(b.last == 3U);
            done();
        });
    });
}

void all_are_told_that_it_begins_anew(bool in_file) {
    TwoShards shards(in_file);
    Shard& a = shards.a;
    Shard& b = shards.b;
    std::string epoch;
    wait_for(a, [&](auto done) {
        const std::string before = a.lobby->epoch();
        a.log->restart(a.lobby, [&, before, done](const ConversationPtr& lobby) {
            BOOST_TEST(lobby->epoch() != before);
            epoch = lobby->epoch();
            done();
        });
    });
    const auto end = std::chrono::steady_clock::now() + deadline;
    bool told = false;
    while (!told) {
        BOOST_TEST_REQUIRE((std::chrono::steady_clock::now() < end));
        wait_for(b, [&](auto done) {
            told = b.beginnings == 1 && b.lobby->epoch() == epoch;
            done();
        });
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(shared_log)

BOOST_AUTO_TEST_CASE(all_see_all_messages_in_one_order_in_memory) {
    all_see_all_messages_in_one_order(false);
}

BOOST_AUTO_TEST_CASE(all_see_all_messages_in_one_order_in_a_database) {
    all_see_all_messages_in_one_order(true);
}

BOOST_AUTO_TEST_CASE(a_repeat_is_known_at_another_shard_in_memory) {
    a_repeat_is_known_at_another_shard(false);
}

BOOST_AUTO_TEST_CASE(a_repeat_is_known_at_another_shard_in_a_database) {
    a_repeat_is_known_at_another_shard(true);
}

BOOST_AUTO_TEST_CASE(a_shard_catches_up_with_what_a_client_knows_from_another_in_memory) {
    a_shard_catches_up_with_what_a_client_knows_from_another(false);
}

BOOST_AUTO_TEST_CASE(a_shard_catches_up_with_what_a_client_knows_from_another_in_a_database) {
    a_shard_catches_up_with_what_a_client_knows_from_another(true);
}

BOOST_AUTO_TEST_CASE(all_are_told_that_it_begins_anew_in_memory) {
    all_are_told_that_it_begins_anew(false);
}

BOOST_AUTO_TEST_CASE(all_are_told_that_it_begins_anew_in_a_database) {
    all_are_told_that_it_begins_anew(true);
}

BOOST_AUTO_TEST_CASE(a_conversation_that_nobody_holds_is_opened_again_with_all_that_was_said) {
    const auto log = std::make_shared<SharedLog>(std::make_unique<MemoryLog>());
    Shard a(*log);
    Shard b(*log);
    open(a);
    open(b);
    wait_for(b, [&](auto done) {
        b.lobby.reset();
        done();
    });
    wait_for(a, [&](auto done) { say(a, "a", 3, std::move(done)); });
    wait_for(b, [&](auto done) {
        b.open([&, done] {
            BOOST_TEST(b.lobby->last_seq() == 3U);
            BOOST_TEST(b.payloads.empty());
            b.last = 3;
            done();
        });
    });
    wait_for(a, [&](auto done) { say(a, "again", 1, std::move(done)); });
    until_seen(b, 4);
}

BOOST_AUTO_TEST_SUITE_END()
