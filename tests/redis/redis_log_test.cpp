// The log in Redis, with one server and with several, while all is well.
#include "redis/redis_log_fixture.hpp"

#include <algorithm>
#include <random>

using namespace test;

BOOST_AUTO_TEST_SUITE(redis_log)

BOOST_AUTO_TEST_CASE(each_conversation_is_numbered_by_itself) {
    Servers servers;
    const auto log = servers.start();
    const auto lobby = servers.open(*log, "lobby");
    const auto room = servers.open(*log, "room:c}{++ \xE6\x84\x9B");
    BOOST_TEST(lobby->is_new());
    BOOST_TEST(lobby->last_seq() == 0U);
    BOOST_TEST(servers.append(*log, lobby, "a").seq == 1U);
    BOOST_TEST(servers.append(*log, lobby, "b").seq == 2U);
    const Receipt receipt = servers.append(*log, room, "c");
    BOOST_TEST(receipt.seq == 1U);
    BOOST_TEST(receipt.epoch == room->epoch());
    BOOST_TEST((servers.open(*log, "lobby") == lobby));
    BOOST_TEST(lobby->epoch() != room->epoch());
}

BOOST_AUTO_TEST_CASE(a_follower_hears_each_message_before_its_author_is_answered) {
    Servers servers;
    const auto log = servers.start();
    const auto lobby = servers.open(*log, "lobby");
    Texts heard;
    lobby->follow([&](const Entry& entry) { heard.push_back(entry.payload); });
    for (const char* const text : {"a", "b"}) {
        log->append(lobby, {.payload = text},
                    [&](const Receipt&) { heard.emplace_back("answer"); });
    }
    servers.run_until([&] { return heard.size() == 4; }, "answers");
    lobby->follow({});
    // Over which connection they came is chance.
    BOOST_TEST((heard == Texts{"a", "answer", "b", "answer"} ||
                heard == Texts{"a", "b", "answer", "answer"}));
}

BOOST_AUTO_TEST_CASE(all_servers_hear_the_same_in_the_same_order) {
    constexpr std::size_t count = 300;
    Servers servers;
    std::vector<std::unique_ptr<RedisLog>> logs;
    std::vector<std::unique_ptr<Listener>> listeners;
    std::vector<Seq> answered;
    for (int i = 0; i < 3; ++i) {
        logs.push_back(servers.start());
        listeners.push_back(std::make_unique<Listener>(servers.open(*logs.back(), "lobby")));
    }
    BOOST_TEST(listeners[0]->conversation->is_new());
    BOOST_TEST(!listeners[1]->conversation->is_new());
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t server = 0; server < logs.size(); ++server) {
            const ConversationPtr& lobby = listeners[server]->conversation;
            logs[server]->append(lobby, {.payload = std::to_string(i)},
                                 [&, lobby](const Receipt& receipt) {
                                     BOOST_TEST(lobby->last_seq() >= receipt.seq);
                                     answered.push_back(receipt.seq);
                                 });
        }
    }
    servers.run_until(
        [&] {
            return answered.size() == 3 * count && listeners[0]->entries.size() == 3 * count &&
                   listeners[1]->entries.size() == 3 * count &&
                   listeners[2]->entries.size() == 3 * count;
        },
        "all messages");
    std::ranges::sort(answered);
    BOOST_TEST(std::set(answered.begin(), answered.end()).size() == 3 * count);
    for (const auto& listener : listeners) {
        BOOST_TEST(listener->is_whole());
        BOOST_TEST((listener->texts() == listeners[0]->texts()));
        BOOST_TEST((listener->entries[7].stored == listeners[0]->entries[7].stored));
    }
}

BOOST_AUTO_TEST_CASE(a_repeat_gets_the_receipt_of_the_first_on_any_server) {
    Servers servers;
    const auto log = servers.start();
    const auto other = servers.start();
    const auto lobby = servers.open(*log, "lobby");
    const auto same_lobby = servers.open(*other, "lobby");
    const Receipt first = servers.append(*log, lobby, "a", "one");
    servers.append(*log, lobby, "b");
    const Receipt again = servers.append(*other, same_lobby, "a", "one");
    BOOST_TEST((again.result == Result::duplicate));
    BOOST_TEST(again.seq == first.seq);
    BOOST_TEST(again.epoch == first.epoch);
    BOOST_TEST((again.stored == first.stored));
    BOOST_TEST((servers.append(*other, same_lobby, "a", "one", "bob").result == Result::stored));
    BOOST_TEST((servers.append(*other, same_lobby, "c", "e", "a:on").result == Result::stored));
    BOOST_TEST((servers.append(*other, same_lobby, "d", "on:e", "a").result == Result::stored));
}

BOOST_AUTO_TEST_CASE(an_id_is_known_for_the_window_and_no_longer) {
    Servers servers;
    const auto log = servers.start({.dedup_window = 100ms});
    const auto lobby = servers.open(*log, "lobby");
    servers.append(*log, lobby, "a", "one");
    servers.run_until(
        [&] { return servers.append(*log, lobby, "a", "one").result == Result::stored; },
        "the id to be forgotten");
}

BOOST_AUTO_TEST_CASE(the_oldest_messages_go_first_and_a_slice_says_so) {
    Servers servers;
    const auto log = servers.start({.max_messages = 3});
    const auto lobby = servers.open(*log, "lobby");
    for (int i = 1; i <= 5; ++i) {
        servers.append(*log, lobby, std::to_string(i));
    }
    const auto other = servers.start({.max_messages = 3});
    const auto same_lobby = servers.open(*other, "lobby");
    BOOST_TEST(same_lobby->last_seq() == 5U);
    BOOST_TEST(same_lobby->recent().empty());
    const Slice slice = servers.read(*other, same_lobby);
    BOOST_TEST(slice.available);
    BOOST_TEST(slice.first_kept == 3U);
    BOOST_TEST_REQUIRE(slice.entries.size() == 3U);
    BOOST_TEST(slice.entries[0].payload == "3");
    BOOST_TEST(!slice.more);
}

BOOST_AUTO_TEST_CASE(a_range_is_cut_at_its_bounds) {
    Servers servers;
    const auto log = servers.start();
    const auto lobby = servers.open(*log, "lobby");
    for (int i = 1; i <= 9; ++i) {
        servers.append(*log, lobby, std::to_string(i));
    }
    const auto other = servers.start();
    const auto same_lobby = servers.open(*other, "lobby");
    // Once from Redis, once from memory: the same is expected of both.
    for (const auto& [reader, conversation] :
         {std::pair{other.get(), same_lobby}, std::pair{log.get(), lobby}}) {
        const auto numbers = [&](const Range& range, bool more) {
            const Slice slice = servers.read(*reader, conversation, range);
            BOOST_TEST(slice.more == more);
            Texts payloads;
            for (const Entry& entry : slice.entries) {
                payloads.push_back(entry.payload);
            }
            return payloads;
        };
        BOOST_TEST((numbers({.after = 2, .before = 6}, false) == Texts{"3", "4", "5"}));
        BOOST_TEST((numbers({.after = 2, .max_entries = 2}, true) == Texts{"3", "4"}));
        BOOST_TEST(
            (numbers({.before = 6, .max_entries = 2, .newest = true}, true) == Texts{"4", "5"}));
        BOOST_TEST((numbers({.max_bytes = 3}, true) == Texts{"1", "2", "3"}));
        BOOST_TEST((numbers({.max_bytes = 0, .newest = true}, true) == Texts{"9"}));
        BOOST_TEST(numbers({.before = 1}, false).empty());
        BOOST_TEST(numbers({.before = 0}, false).empty());
        BOOST_TEST(numbers({.after = 9}, false).empty());
    }
}

BOOST_AUTO_TEST_CASE(what_was_acknowledged_is_there_for_a_server_that_comes_later) {
    Servers servers;
    std::string epoch;
    {
        const auto log = servers.start();
        const auto lobby = servers.open(*log, "lobby");
        epoch = lobby->epoch();
        servers.append(*log, lobby, std::string("a\0\r\n b", 6));
    }
    const auto log = servers.start();
    const auto lobby = servers.open(*log, "lobby");
    BOOST_TEST(!lobby->is_new());
    BOOST_TEST(lobby->epoch() == epoch);
    const Slice slice = servers.read(*log, lobby);
    BOOST_TEST_REQUIRE(slice.entries.size() == 1U);
    BOOST_TEST(slice.entries[0].payload == std::string("a\0\r\n b", 6));
}

BOOST_AUTO_TEST_CASE(what_was_asked_before_the_end_is_stored) {
    Servers servers;
    const auto log = servers.start();
    const auto lobby = servers.open(*log, "lobby");
    constexpr int count = 1'200;
    for (int i = 0; i < count; ++i) {
        log->append(lobby, {.payload = std::string(1'000, 'x')},
                    [](const Receipt&) { BOOST_TEST(false, "it's answered after the end"); });
    }
    log->stop();
    BOOST_TEST(servers.redis.ask({"XLEN", "chapter08:{lobby}:log"}) == "1000");
    BOOST_TEST(servers.redis.ask({"HGET", "chapter08:{lobby}:head", "seq"}) == "1200");
}

BOOST_AUTO_TEST_CASE(a_restart_is_told_to_all_and_happens_once) {
    Servers servers;
    const auto log = servers.start();
    const auto other = servers.start();
    const auto lobby = servers.open(*log, "lobby");
    const Listener listener(servers.open(*other, "lobby"));
    const Listener own(lobby);
    servers.append(*log, lobby, "a");
    const std::string epoch = lobby->epoch();
    int restarted = 0;
    for (int i = 0; i < 2; ++i) {
        log->restart(lobby, [&](const ConversationPtr& given) {
            BOOST_TEST((given == lobby));
            ++restarted;
        });
    }
    servers.run_until([&] { return restarted == 2 && listener.begun_anew == 1; }, "the restart");
    BOOST_TEST(own.begun_anew == 1);
    BOOST_TEST(lobby->epoch() != epoch);
    BOOST_TEST(lobby->last_seq() == 0U);
    BOOST_TEST(lobby->is_new());
    BOOST_TEST(!listener.conversation->is_new());
    BOOST_TEST(listener.conversation->epoch() == lobby->epoch());
    const Receipt receipt = servers.append(*other, listener.conversation, "b");
    BOOST_TEST(receipt.seq == 1U);
    BOOST_TEST(receipt.epoch == lobby->epoch());
    servers.run_until([&] { return own.texts() == Texts{"b"}; }, "the message behind it");
}

BOOST_AUTO_TEST_CASE(restarts_and_messages_of_several_servers_end_in_one_epoch) {
    Servers servers;
    const auto log = servers.start();
    const auto other = servers.start();
    const Listener one(servers.open(*log, "lobby"));
    const Listener two(servers.open(*other, "lobby"));
    int asked = 0;
    int answered = 0;
    for (int i = 0; i < 200; ++i) {
        const bool first = i % 2 == 0;
        RedisLog& server = first ? *log : *other;
        const ConversationPtr& lobby = first ? one.conversation : two.conversation;
        ++asked;
        if (i % 10 < 2) {
            server.restart(lobby, [&](const ConversationPtr&) { ++answered; });
        } else {
            server.append(lobby, {.payload = std::to_string(i)},
                          [&](const Receipt&) { ++answered; });
        }
        servers.context.poll_one();
    }
    const auto knows_all = [&](const Conversation& lobby) {
        const std::string head = "chapter08:{lobby}:head";
        return lobby.epoch() == servers.redis.ask({"HGET", head, "epoch"}) &&
               std::to_string(lobby.last_seq()) == servers.redis.ask({"HGET", head, "seq"});
    };
    servers.run_until(
        [&] {
            return answered == asked && knows_all(*one.conversation) &&
                   knows_all(*two.conversation);
        },
        "both to know where it is");
    // What each has told on the way may differ: one hears of an epoch when that has gone on
    // already.
    BOOST_TEST(one.conversation->epoch() == two.conversation->epoch());
    const Seq before = two.conversation->last_seq();
    BOOST_TEST(servers.append(*log, one.conversation, "last").seq == before + 1);
    servers.run_until([&] { return !two.entries.empty() && two.entries.back().payload == "last"; },
                      "the other to hear the last");
}

BOOST_AUTO_TEST_CASE(a_conversation_that_nobody_holds_is_followed_no_more) {
    Servers servers;
    const auto log = servers.start();
    auto lobby = servers.open(*log, "lobby");
    auto room = servers.open(*log, "room:a");
    servers.append(*log, room, "a");
    BOOST_TEST(log->followed() == 2U);
    room.reset();
    servers.run_until([&] { return log->followed() == 1U; }, "the room to be forgotten");
    servers.run_until(
        [&] { return servers.redis.ask({"PUBSUB", "CHANNELS"}) == "chapter08:{lobby}:live"; },
        "the end of the subscription");
    room = servers.open(*log, "room:a");
    BOOST_TEST(room->last_seq() == 1U);
    BOOST_TEST(servers.append(*log, room, "b").seq == 2U);
}

BOOST_AUTO_TEST_CASE(many_conversations_open_at_once) {
    constexpr int count = 3'000;
    Servers servers;
    const auto log = servers.start();
    std::vector<ConversationPtr> opened;
    for (int i = 0; i < count; ++i) {
        for (int twice = 0; twice < 2; ++twice) {
            log->open("inbox:" + std::to_string(i), [&](ConversationPtr conversation) {
                opened.push_back(std::move(conversation));
            });
        }
    }
    servers.run_until([&] { return opened.size() == 2 * count; }, "all of them");
    BOOST_TEST(std::set(opened.begin(), opened.end()).size() == count);
    BOOST_TEST(log->followed() == static_cast<std::size_t>(count));
}

BOOST_AUTO_TEST_CASE(what_is_held_does_not_expire_and_the_rest_does) {
    constexpr auto age = 2s;
    Servers servers;
    const auto log = servers.start({.max_age = age});
    const auto other = servers.start({.max_age = age});
    const auto held = servers.open(*log, "held");
    servers.open(*log, "left");
    servers.append(*log, servers.open(*log, "said"), "a");
    const auto until = std::chrono::steady_clock::now() + 2 * age;
    servers.run_until([&] { return std::chrono::steady_clock::now() > until; }, "two ages");
    servers.run_until([&] { return servers.redis.ask({"KEYS", "*"}) == "chapter08:{held}:head"; },
                      "the others to expire");
    BOOST_TEST(servers.open(*other, "held")->epoch() == held->epoch());
}

BOOST_AUTO_TEST_CASE(an_address_has_a_user_a_password_and_a_database) {
    for (int attempt = 0; attempt < 5; ++attempt) {  // another program may take the port
        const int port = 20'000 + static_cast<int>(std::random_device{}() % 10'000);
        std::unique_ptr<Servers> servers;
        try {
            servers = std::make_unique<Servers>(
                RedisServer::Words{"--port", std::to_string(port), "--bind", "127.0.0.1", "--user",
                                   "ann", "on", ">p@ss", "~chapter08:*", "&chapter08:*", "+@all"});
        } catch (const std::runtime_error&) {
            continue;
        }
        auto settings = servers->settings();
        settings.url = chat_redis::parse_redis_url(
            "redis://ann:p%40ss@localhost:" + std::to_string(port) + "/3");
        const auto log = servers->start(settings);
        servers->append(*log, servers->open(*log, "lobby"), "a");
        BOOST_TEST(servers->redis.ask({"INFO", "keyspace"}).find("db3:keys=2") !=
                   std::string::npos);

        settings.url.password = "wrong";
        RedisLog refused(settings, {});
        refused.start(servers->context.get_executor());
        const auto denied = [&] {
            return servers->redis.ask({"ACL", "LOG"}).find("AUTH") != std::string::npos;
        };
        servers->run_until(denied, "Redis to refuse");
        BOOST_TEST(!refused.is_available());
        return;
    }
    BOOST_TEST(false, "there is no free port");
}

// As if what it should have been told were still on its way.
BOOST_AUTO_TEST_CASE(a_server_catches_up_with_what_a_client_knows_from_another) {
    Servers servers;
    const auto log = servers.start();
    const Listener listener(servers.open(*log, "lobby"));
    const ConversationPtr& lobby = listener.conversation;
    servers.append(*log, lobby, "one");
    servers.redis.ask({"XADD", "chapter08:{lobby}:log", "2-0", "payload", "two", "stored", "1000"});
    servers.redis.ask({"HSET", "chapter08:{lobby}:head", "seq", "2"});
    BOOST_TEST((servers.catch_up(*log, lobby, lobby->epoch(), 1) == lobby));
    BOOST_TEST(lobby->last_seq() == 1U);
    BOOST_TEST((servers.catch_up(*log, lobby, lobby->epoch(), 2) == lobby));
    BOOST_TEST((listener.texts() == Texts{"one", "two"}));
}

BOOST_AUTO_TEST_CASE(a_server_catches_up_with_an_epoch_that_it_has_not_heard_of) {
    Servers servers;
    const auto log = servers.start();
    const Listener listener(servers.open(*log, "lobby"));
    servers.append(*log, listener.conversation, "one");
    servers.redis.ask({"HSET", "chapter08:{lobby}:head", "epoch", "another", "seq", "0"});
    servers.redis.ask({"DEL", "chapter08:{lobby}:log"});
    BOOST_TEST((servers.catch_up(*log, listener.conversation, "another", 0) != nullptr));
    BOOST_TEST(listener.conversation->epoch() == "another");
    BOOST_TEST(listener.begun_anew == 1);
}

BOOST_AUTO_TEST_CASE(an_epoch_that_nobody_knows_changes_nothing) {
    Servers servers;
    const auto log = servers.start();
    const Listener listener(servers.open(*log, "lobby"));
    servers.append(*log, listener.conversation, "one");
    BOOST_TEST((servers.catch_up(*log, listener.conversation, "old", 7) != nullptr));
    BOOST_TEST(listener.begun_anew == 0);
    BOOST_TEST(listener.conversation->last_seq() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
