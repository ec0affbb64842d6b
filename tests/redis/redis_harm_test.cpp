// The log in Redis while Redis is killed, frozen, emptied, full, or cut off.
#include "redis/redis_log_fixture.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

using namespace test;

namespace {

/// Two servers with a listener and a speaker each, in one conversation.
struct Talk {
    static constexpr std::size_t count = 400;

    explicit Talk(Servers& servers)
        : logs{servers.start(), servers.start()},
          listeners{std::make_unique<Listener>(servers.open(*logs[0], "lobby")),
                    std::make_unique<Listener>(servers.open(*logs[1], "lobby"))},
          speakers{Speaker(*logs[0], listeners[0]->conversation, "alice", count),
                   Speaker(*logs[1], listeners[1]->conversation, "bob", count)} {}

    void speak() {
        for (Speaker& speaker : speakers) {
            speaker.speak();
        }
    }
    std::size_t said() const {
        return speakers[0].acknowledged.size() + speakers[1].acknowledged.size();
    }
    bool is_heard() const {
        return said() == 2 * count && std::ranges::all_of(listeners, [](const auto& listener) {
                   return listener->entries.size() >= 2 * count;
               });
    }

    /// All have heard the same, once each, in one order, and where the receipts say.
    void check() const {
        for (const auto& listener : listeners) {
            BOOST_TEST(listener->begun_anew == 0);
            BOOST_TEST(listener->entries.size() == 2 * count);
            BOOST_TEST(listener->is_whole());
            BOOST_TEST((listener->texts() == listeners[0]->texts()));
        }
        for (const Speaker& speaker : speakers) {
            for (const auto& [seq, text] : speaker.acknowledged) {
                BOOST_TEST_REQUIRE(listeners[0]->entries.at(seq - 1).payload == text);
            }
            BOOST_TEST(std::ranges::is_sorted(speaker.acknowledged));
        }
    }

    std::array<std::unique_ptr<RedisLog>, 2> logs;
    std::array<std::unique_ptr<Listener>, 2> listeners;
    std::array<Speaker, 2> speakers;
};

/// Lets both talk, and does harm so often, each time after some messages more.
void talk_through(Servers& servers, Talk& talk, int times, const std::function<void()>& harm) {
    for (int i = 1; i <= times; ++i) {
        const std::size_t then =
            2 * Talk::count * static_cast<std::size_t>(i) / static_cast<std::size_t>(times + 1);
        servers.run_until(
            [&] {
                talk.speak();
                return talk.said() >= then;
            },
            "some messages more");
        harm();
    }
    servers.run_until(
        [&] {
            talk.speak();
            return talk.is_heard();
        },
        "all messages");
    talk.check();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_harm)

BOOST_AUTO_TEST_CASE(nothing_waits_for_a_redis_that_is_not_there) {
    Servers servers;
    servers.redis.kill();
    RedisLog log(servers.settings(), {});
    log.start(servers.context.get_executor());
    BOOST_TEST((servers.open(log, "lobby") == nullptr));
    servers.redis.start();
    servers.until_available(log);
    BOOST_TEST((servers.open(log, "lobby") != nullptr));
}

BOOST_AUTO_TEST_CASE(while_redis_is_away_memory_can_be_read_and_the_rest_is_unavailable) {
    Servers servers;
    const auto log = servers.start();
    const auto lobby = servers.open(*log, "lobby");
    servers.append(*log, lobby, "a", "one");
    servers.redis.kill();
    servers.until_away(*log);
    BOOST_TEST((servers.append(*log, lobby, "b").result == Result::unavailable));
    BOOST_TEST((servers.open(*log, "lobby") == lobby));
    BOOST_TEST((servers.open(*log, "room:a") == nullptr));
    BOOST_TEST((servers.restart(*log, lobby) == nullptr));
    BOOST_TEST(servers.read(*log, lobby).entries.size() == 1U);
    servers.redis.start();
    servers.until_available(*log);
    const auto other = servers.start();
    const auto same_lobby = servers.open(*other, "lobby");
    BOOST_TEST(same_lobby->epoch() == lobby->epoch());
    servers.redis.kill();
    servers.until_away(*other);
    BOOST_TEST(!servers.read(*other, same_lobby).available);
}

BOOST_AUTO_TEST_CASE(without_redis_a_server_does_not_say_that_a_client_knows_too_much) {
    Servers servers;
    auto settings = servers.settings();
    settings.times.reply = 300ms;
    const auto log = servers.start(settings);
    const auto lobby = servers.open(*log, "lobby");
    servers.append(*log, lobby, "one");
    servers.redis.freeze();
    BOOST_TEST((servers.catch_up(*log, lobby, lobby->epoch(), 2) == nullptr));
    BOOST_TEST(!log->is_available());
    BOOST_TEST((servers.catch_up(*log, lobby, lobby->epoch(), 2) == nullptr));
    BOOST_TEST((servers.catch_up(*log, lobby, lobby->epoch(), 1) == lobby));
    servers.redis.go_on();
}

BOOST_AUTO_TEST_CASE(what_was_on_its_way_is_answered_once_and_known_when_it_is_sent_again) {
    Servers servers;
    auto settings = servers.settings();
    settings.times.reply = 300ms;
    const auto log = servers.start(settings);
    const auto other = servers.start();
    const Listener listener(servers.open(*log, "lobby"));
    const Listener elsewhere(servers.open(*other, "lobby"));
    servers.redis.freeze();
    int answers = 0;
    for (const char* const id : {"one", "two"}) {
        log->append(listener.conversation, {.author = "alice", .id = id, .payload = id},
                    [&](const Receipt& receipt) {
                        ++answers;
                        BOOST_TEST((receipt.result == Result::unavailable));
                    });
    }
    servers.run_until([&] { return answers == 2; }, "the answer that nobody knows");
    BOOST_TEST(listener.entries.empty());
    servers.redis.go_on();
    servers.until_available(*log);
    // It had reached Redis, which has worked on it since.
    servers.run_until([&] { return elsewhere.entries.size() == 2; }, "the other server to hear");
    const Receipt again = servers.append(*log, listener.conversation, "one", "one");
    BOOST_TEST((again.result == Result::duplicate));
    BOOST_TEST(again.seq == 1U);
    servers.run_until([&] { return listener.entries.size() == 2; }, "its own follower to hear");
    BOOST_TEST((listener.texts() == Texts{"one", "two"}));
    BOOST_TEST(answers == 2);
}

BOOST_AUTO_TEST_CASE(a_link_that_is_dead_is_noticed_where_nobody_says_anything) {
    Servers servers;
    auto settings = servers.settings();
    settings.times.reply = 300ms;
    settings.times.idle = 50ms;
    const auto log = servers.start(settings);
    servers.redis.freeze();
    servers.until_away(*log);
    servers.redis.go_on();
    servers.until_available(*log);
}

BOOST_AUTO_TEST_CASE(a_redis_that_takes_its_time_loses_nothing) {
    Servers servers;
    Talk talk(servers);
    talk_through(servers, talk, 3, [&] { servers.redis.ask({"CLIENT", "PAUSE", "200", "WRITE"}); });
    BOOST_TEST(talk.speakers[0].refused + talk.speakers[1].refused == 0U);
}

BOOST_AUTO_TEST_CASE(connections_that_are_killed_lose_nothing) {
    Servers servers;
    Talk talk(servers);
    int turn = 0;
    talk_through(servers, talk, 12, [&] {
        static constexpr std::array<const char*, 2> types{"normal", "pubsub"};
        servers.redis.ask({"CLIENT", "KILL", "TYPE", types.at(++turn % types.size())});
    });
}

BOOST_AUTO_TEST_CASE(a_redis_that_is_killed_and_comes_back_with_its_file_loses_nothing) {
    Servers servers;
    Talk talk(servers);
    talk_through(servers, talk, 4, [&] {
        servers.redis.kill();
        talk.speak();
        servers.redis.start();
    });
    BOOST_TEST(talk.speakers[0].refused + talk.speakers[1].refused > 0U);
}

BOOST_AUTO_TEST_CASE(a_redis_that_is_frozen_loses_nothing) {
    Servers servers;
    Talk talk(servers);
    talk_through(servers, talk, 4, [&] {
        servers.redis.freeze();
        for (int i = 0; i < 20; ++i) {
            talk.speak();
            servers.context.run_one_for(1ms);
        }
        servers.redis.go_on();
    });
}

BOOST_AUTO_TEST_CASE(an_empty_redis_begins_a_new_epoch_of_which_all_are_told) {
    Servers servers;
    const auto log = servers.start();
    const auto other = servers.start();
    const Listener one(servers.open(*log, "lobby"));
    const Listener two(servers.open(*other, "lobby"));
    servers.append(*log, one.conversation, "a");
    const std::string epoch = one.conversation->epoch();
    servers.redis.kill_and_forget();
    servers.until_away(*log);
    servers.until_away(*other);
    servers.redis.start();
    servers.run_until([&] { return one.begun_anew == 1 && two.begun_anew == 1; }, "the new epoch");
    BOOST_TEST(one.conversation->epoch() != epoch);
    BOOST_TEST(one.conversation->epoch() == two.conversation->epoch());
    BOOST_TEST(!one.conversation->is_new());
    BOOST_TEST(!two.conversation->is_new());
    BOOST_TEST(servers.append(*log, one.conversation, "b").seq == 1U);
    servers.run_until([&] { return two.texts() == Texts{"b"}; }, "the message");
    BOOST_TEST(one.begun_anew == 1);
}

BOOST_AUTO_TEST_CASE(a_redis_that_is_emptied_under_way_begins_a_new_epoch) {
    Servers servers;
    const auto log = servers.start();
    const auto other = servers.start();
    const Listener one(servers.open(*log, "lobby"));
    const Listener two(servers.open(*other, "lobby"));
    for (int i = 0; i < 5; ++i) {
        servers.append(*log, one.conversation, "a");
    }
    servers.run_until([&] { return two.entries.size() == 5; }, "the messages");
    const std::string epoch = one.conversation->epoch();
    servers.redis.ask({"FLUSHALL"});
    const Receipt receipt = servers.append(*other, two.conversation, "b");
    BOOST_TEST((receipt.result == Result::stored));
    BOOST_TEST(receipt.seq == 1U);
    BOOST_TEST(receipt.epoch != epoch);
    BOOST_TEST(two.conversation->epoch() == receipt.epoch);
    BOOST_TEST((two.texts() == Texts{"b"}));
    servers.run_until([&] { return one.texts() == Texts{"b"}; }, "the other to be told");
    BOOST_TEST(one.begun_anew == 1);
    BOOST_TEST(one.conversation->epoch() == receipt.epoch);
}

// As after a power cut, or after a replica has taken over that was behind.
BOOST_AUTO_TEST_CASE(a_redis_that_has_lost_the_last_messages_begins_a_new_epoch) {
    Servers servers;
    const auto log = servers.start();
    const auto other = servers.start();
    const Listener one(servers.open(*log, "lobby"));
    const Listener two(servers.open(*other, "lobby"));
    const auto say = [&](int count) {
        for (int i = 0; i < count; ++i) {
            servers.append(*log, one.conversation, "a");
        }
    };
    say(5);
    servers.redis.kill();
    const test::TemporaryDirectory backup;
    const auto recursive = std::filesystem::copy_options::recursive;
    const auto file = std::filesystem::path(servers.redis.socket()).parent_path() / "appendonlydir";
    std::filesystem::copy(file, backup.path() / "file", recursive);
    servers.until_away(*log);
    servers.until_away(*other);
    servers.redis.start();
    servers.run_until([&] { return log->is_available() && other->is_available(); }, "Redis");
    say(3);
    servers.run_until([&] { return two.entries.size() == 8; }, "the messages");
    const std::string epoch = one.conversation->epoch();
    servers.redis.kill_and_forget();
    std::filesystem::copy(backup.path() / "file", file, recursive);
    servers.redis.start();
    servers.run_until([&] { return one.begun_anew == 1 && two.begun_anew == 1; }, "the new epoch");
    BOOST_TEST(one.conversation->epoch() != epoch);
    BOOST_TEST(one.conversation->epoch() == two.conversation->epoch());
    BOOST_TEST(servers.append(*log, one.conversation, "b").seq == 6U);
    servers.run_until([&] { return two.texts() == Texts{"b"}; }, "the message");
    BOOST_TEST(servers.read(*other, two.conversation).entries.size() == 6U);
}

BOOST_AUTO_TEST_CASE(a_redis_that_is_full_refuses_messages_until_it_has_room) {
    Servers servers;
    const auto log = servers.start();
    const Listener listener(servers.open(*log, "lobby"));
    servers.append(*log, listener.conversation, "a", "one");
    servers.redis.ask({"CONFIG", "SET", "maxmemory", "1"});
    BOOST_TEST(
        (servers.append(*log, listener.conversation, "b", "two").result == Result::unavailable));
    BOOST_TEST((servers.open(*log, "room:a") == nullptr));
    BOOST_TEST(
        (servers.append(*log, listener.conversation, "a", "one").result == Result::duplicate));
    servers.redis.ask({"CONFIG", "SET", "maxmemory", "0"});
    const Receipt receipt = servers.append(*log, listener.conversation, "b", "two");
    BOOST_TEST((receipt.result == Result::stored));
    BOOST_TEST(receipt.seq == 2U);
    BOOST_TEST((servers.open(*log, "room:a") != nullptr));
    BOOST_TEST((listener.texts() == Texts{"a", "b"}));
}

BOOST_AUTO_TEST_CASE(a_redis_that_only_reads_refuses_messages_until_it_writes_again) {
    Servers servers;
    const auto log = servers.start();
    const Listener listener(servers.open(*log, "lobby"));
    servers.append(*log, listener.conversation, "a");
    servers.redis.ask({"REPLICAOF", "127.0.0.1", "1"});
    BOOST_TEST((servers.append(*log, listener.conversation, "b").result == Result::unavailable));
    servers.redis.ask({"REPLICAOF", "NO", "ONE"});
    servers.run_until(
        [&] {
            return servers.append(*log, listener.conversation, "c", "c").result !=
                   Result::unavailable;
        },
        "Redis to take messages");
    BOOST_TEST((listener.texts() == Texts{"a", "c"}));
    BOOST_TEST(listener.begun_anew == 0);
}

BOOST_AUTO_TEST_CASE(scripts_that_redis_has_forgotten_are_loaded_again) {
    Servers servers;
    const auto log = servers.start();
    const Listener listener(servers.open(*log, "lobby"));
    servers.append(*log, listener.conversation, "a");
    servers.redis.ask({"SCRIPT", "FLUSH"});
    BOOST_TEST((servers.append(*log, listener.conversation, "b").result == Result::unavailable));
    servers.until_available(*log);
    BOOST_TEST((servers.append(*log, listener.conversation, "b").result == Result::stored));
    BOOST_TEST((listener.texts() == Texts{"a", "b"}));
}

BOOST_AUTO_TEST_CASE(a_key_that_is_something_else_refuses_messages) {
    Servers servers;
    const auto log = servers.start();
    const Listener listener(servers.open(*log, "lobby"));
    servers.redis.ask({"SET", "chapter08:{lobby}:log", "something"});
    BOOST_TEST((servers.append(*log, listener.conversation, "a").result == Result::unavailable));
    BOOST_TEST(listener.entries.empty());
    servers.redis.ask({"DEL", "chapter08:{lobby}:log"});
    BOOST_TEST(servers.append(*log, listener.conversation, "a").seq == 1U);
}

BOOST_AUTO_TEST_CASE(what_the_stream_has_lost_is_not_waited_for) {
    Servers servers;
    const auto log = servers.start();
    const auto other = servers.start();
    const Listener one(servers.open(*log, "lobby"));
    const Listener two(servers.open(*other, "lobby"));
    servers.append(*log, one.conversation, "a");
    servers.run_until([&] { return two.entries.size() == 1; }, "the first message");
    // The numbers 2 to 4 were given out, and aren't there.
    servers.redis.ask({"HSET", "chapter08:{lobby}:head", "seq", "4"});
    const Receipt receipt = servers.append(*log, one.conversation, "b");
    BOOST_TEST(receipt.seq == 5U);
    servers.run_until([&] { return two.texts() == Texts{"a", "b"}; }, "the message behind it");
    BOOST_TEST((one.texts() == Texts{"a", "b"}));
    BOOST_TEST(two.conversation->last_seq() == 5U);
    BOOST_TEST(two.conversation->first_in_memory() == 5U);
    BOOST_TEST(servers.read(*other, two.conversation).entries.size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
