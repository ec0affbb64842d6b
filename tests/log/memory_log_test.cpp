// The log in memory: numbers, repeats, and how much it keeps.
#include "log/memory_log.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <vector>

using namespace chat_log;
using Result = Receipt::Result;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

/// A log whose time a test turns.
struct TestLog {
    explicit TestLog(const Retention& retention = {})
        : log(std::make_unique<MemoryLog>(retention, [this] { return now; })) {}

    ConversationPtr open(const std::string& name) {
        ConversationPtr opened;
        log->open(name, [&](ConversationPtr conversation) { opened = std::move(conversation); });
        return opened;
    }

    Receipt append(const ConversationPtr& conversation, const std::string& payload,
                   const std::string& id = {}, const std::string& author = "alice") {
        Receipt receipt;
        log->append(conversation, {.author = author, .id = id, .payload = payload},
                    [&](const Receipt& given) { receipt = given; });
        return receipt;
    }

    std::vector<std::string> read(const ConversationPtr& conversation, const Range& range = {}) {
        std::vector<std::string> payloads;
        log->read(conversation, range, [&](const Slice& slice) {
            for (const Entry& entry : slice.entries) {
                payloads.push_back(entry.payload);
            }
        });
        return payloads;
    }

    Time now = std::chrono::sys_days(std::chrono::year(2024) / 1 / 1);
    std::unique_ptr<MemoryLog> log;
};

using Texts = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(memory_log)

BOOST_AUTO_TEST_CASE(each_conversation_is_numbered_by_itself) {
    TestLog log;
    const auto lobby = log.open("lobby");
    const auto room = log.open("room:cpp");
    BOOST_TEST(lobby->last_seq() == 0U);
    BOOST_TEST(log.append(lobby, "a").seq == 1U);
    BOOST_TEST(log.append(lobby, "b").seq == 2U);
    BOOST_TEST(log.append(room, "c").seq == 1U);
    BOOST_TEST((log.open("lobby") == lobby));
    BOOST_TEST(lobby->epoch() != room->epoch());
    BOOST_TEST((log.read(lobby) == Texts{"a", "b"}));
}

BOOST_AUTO_TEST_CASE(a_follower_hears_each_message_before_its_author_is_answered) {
    TestLog log;
    const auto lobby = log.open("lobby");
    Texts heard;
    lobby->follow([&](const Entry& entry) {
        BOOST_TEST(lobby->last_seq() == entry.seq);
        heard.push_back(entry.payload);
    });
    log.log->append(lobby, {.payload = "a"}, [&](const Receipt&) { heard.emplace_back("answer"); });
    lobby->follow({});
    log.append(lobby, "b");
    BOOST_TEST((heard == Texts{"a", "answer"}));
}

BOOST_AUTO_TEST_CASE(a_follower_hears_that_a_conversation_has_begun_anew) {
    TestLog log;
    const auto lobby = log.open("lobby");
    const std::string first_epoch = lobby->epoch();
    int begun = 0;
    lobby->follow([](const Entry&) {},
                  [&] {
                      ++begun;
                      BOOST_TEST(lobby->epoch() != first_epoch);
                      BOOST_TEST(lobby->last_seq() == 0U);
                      BOOST_TEST(lobby->recent().empty());
                  });
    log.append(lobby, "a");
    BOOST_TEST(begun == 0);
    log.log->restart(lobby, [&](const ConversationPtr&) { BOOST_TEST(begun == 1); });
    BOOST_TEST(begun == 1);
    lobby->follow({});
    log.log->restart(lobby, [](const ConversationPtr&) {});
    BOOST_TEST(begun == 1);
}

BOOST_AUTO_TEST_CASE(a_repeat_gets_the_receipt_of_the_first) {
    TestLog log;
    const auto lobby = log.open("lobby");
    const Receipt first = log.append(lobby, "a", "one");
    log.append(lobby, "b");
    log.now += minutes(5);
    const Receipt again = log.append(lobby, "a", "one");
    BOOST_TEST((again.result == Result::duplicate));
    BOOST_TEST(again.seq == first.seq);
    BOOST_TEST(again.epoch == first.epoch);
    BOOST_TEST((again.stored == first.stored));
    BOOST_TEST((log.read(lobby) == Texts{"a", "b"}));
    BOOST_TEST((log.append(lobby, "c", "one", "bob").result == Result::stored));
    BOOST_TEST((log.append(log.open("room:cpp"), "a", "one").result == Result::duplicate));
}

BOOST_AUTO_TEST_CASE(an_id_is_known_for_the_window_and_no_longer) {
    TestLog log({.dedup_window = minutes(10)});
    const auto lobby = log.open("lobby");
    log.append(lobby, "a", "one");
    log.now += minutes(10) - std::chrono::milliseconds(1);
    BOOST_TEST((log.append(lobby, "a", "one").result == Result::duplicate));
    log.now += std::chrono::milliseconds(1);
    const Receipt again = log.append(lobby, "a", "one");
    BOOST_TEST((again.result == Result::stored));
    BOOST_TEST(again.seq == 2U);
}

BOOST_AUTO_TEST_CASE(an_author_has_so_many_ids_and_the_oldest_is_forgotten) {
    TestLog log({.dedup_entries = 3});
    const auto lobby = log.open("lobby");
    for (const char* const id : {"1", "2", "3", "4"}) {
        log.append(lobby, "a", id);
    }
    log.append(lobby, "b", "1", "bob");
    BOOST_TEST((log.append(lobby, "a", "2").result == Result::duplicate));
    BOOST_TEST((log.append(lobby, "a", "1").result == Result::stored));
    BOOST_TEST((log.append(lobby, "b", "1", "bob").result == Result::duplicate));
}

BOOST_AUTO_TEST_CASE(ids_of_authors_who_say_nothing_more_are_forgotten) {
    Duplicates duplicates({.dedup_window = minutes(10)});
    Time now = std::chrono::sys_days(std::chrono::year(2024) / 1 / 1);
    for (int i = 0; i < 100; ++i) {
        duplicates.add({.author = std::to_string(i), .id = "x"}, {.stored = now});
    }
    BOOST_TEST(duplicates.size() == 100U);
    now += minutes(10);
    for (int i = 0; i < 110; ++i) {
        duplicates.add({.author = "bob", .id = std::to_string(i)}, {.stored = now});
    }
    BOOST_TEST(duplicates.size() == 110U);
}

BOOST_AUTO_TEST_CASE(the_oldest_messages_of_a_conversation_go_first) {
    TestLog log({.max_messages = 2});
    const auto lobby = log.open("lobby");
    const std::string epoch = lobby->epoch();
    for (const char* const text : {"a", "b", "c"}) {
        log.append(lobby, text);
    }
    BOOST_TEST((log.read(lobby) == Texts{"b", "c"}));
    BOOST_TEST(lobby->first_in_memory() == 2U);
    BOOST_TEST(lobby->last_seq() == 3U);
    BOOST_TEST(lobby->epoch() == epoch);
}

BOOST_AUTO_TEST_CASE(a_range_is_cut_at_its_bounds) {
    TestLog log;
    const auto lobby = log.open("lobby");
    for (const char* const text : {"aa", "bb", "cc", "dd", "ee"}) {
        log.append(lobby, text);
    }
    BOOST_TEST((log.read(lobby, {.after = 1, .before = 4}) == Texts{"bb", "cc"}));
    BOOST_TEST((log.read(lobby, {.max_entries = 2}) == Texts{"aa", "bb"}));
    BOOST_TEST((log.read(lobby, {.max_entries = 2, .newest = true}) == Texts{"dd", "ee"}));
    BOOST_TEST((log.read(lobby, {.before = 3, .max_entries = 1, .newest = true}) == Texts{"bb"}));
    BOOST_TEST((log.read(lobby, {.max_bytes = 5}) == Texts{"aa", "bb"}));
    BOOST_TEST((log.read(lobby, {.max_bytes = 1}) == Texts{"aa"}));
    BOOST_TEST(log.read(lobby, {.after = 5}).empty());
    BOOST_TEST(log.read(lobby, {.after = 100}).empty());
    BOOST_TEST(log.read(lobby, {.before = 1}).empty());
    bool more = false;
    log.log->read(lobby, {.max_entries = 4}, [&](const Slice& slice) { more = slice.more; });
    BOOST_TEST(more);
    log.log->read(lobby, {.max_entries = 5}, [&](const Slice& slice) { more = slice.more; });
    BOOST_TEST(!more);
}

BOOST_AUTO_TEST_CASE(memory_is_taken_from_the_conversation_that_nobody_uses) {
    constexpr std::size_t kibibyte = 1024;
    TestLog log({.max_memory = 100 * kibibyte});
    const std::string text(10 * kibibyte, 'x');
    const auto lobby = log.open("lobby");
    log.append(lobby, text);
    std::string oldest;
    std::string newest;
    for (int i = 0; i < 4; ++i) {
        const auto room = log.open("room:" + std::to_string(i));
        log.append(room, text);
        (i == 0 ? oldest : newest) = room->epoch();
    }
    // The fifth and the sixth don't fit beside the others.
    for (int i = 0; i < 5; ++i) {
        log.append(lobby, text);
    }
    BOOST_TEST(log.open("room:0")->epoch() != oldest);
    BOOST_TEST(log.open("room:3")->epoch() == newest);
    BOOST_TEST(lobby->first_in_memory() == 1U);
    // When nothing else is left, the one that grows gives its oldest.
    for (int i = 0; i < 20; ++i) {
        log.append(lobby, text);
    }
    BOOST_TEST(lobby->first_in_memory() > 1U);
    BOOST_TEST(lobby->last_seq() == 26U);
    BOOST_TEST(lobby->cost() <= 100 * kibibyte);
}

BOOST_AUTO_TEST_CASE(conversations_that_are_opened_and_left_do_not_pile_up) {
    constexpr std::size_t kibibyte = 1024;
    RecentConversations conversations({.max_memory = 100 * kibibyte});
    for (int i = 0; i < 10'000; ++i) {
        const auto conversation = std::make_shared<Conversation>("room:" + std::to_string(i));
        conversation->begin("epoch");
        conversations.insert(conversation);
    }
    BOOST_TEST(conversations.size() < 300U);
    BOOST_TEST(conversations.cost() <= 110 * kibibyte);
}

BOOST_AUTO_TEST_CASE(one_that_begins_anew_has_another_epoch_and_nothing_of_the_old) {
    TestLog log;
    const auto inbox = log.open("inbox:bob");
    log.append(inbox, "a");
    const std::string epoch = inbox->epoch();
    log.log->restart(inbox, [](const ConversationPtr&) {});
    BOOST_TEST(inbox->epoch() != epoch);
    BOOST_TEST(inbox->last_seq() == 0U);
    BOOST_TEST(log.read(inbox).empty());
    BOOST_TEST(log.append(inbox, "b").seq == 1U);
}

BOOST_AUTO_TEST_CASE(an_epoch_has_128_bits_that_differ) {
    const std::string one = make_epoch();
    BOOST_TEST(one.size() == 22U);
    BOOST_TEST(one != make_epoch());
    BOOST_TEST(
        one.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                              "-_") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
