// Presence and signals of several servers through Redis, which is harmed, too.
#include "hub/redis_hub.hpp"

#include "hub/event_json.hpp"
#include "redis/redis_server.hpp"
#include "redis/test_loop.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

using namespace chat_hub;
using namespace std::chrono_literals;
using test::RedisServer;
using Kind = Event::Kind;

namespace {

/// A server: what it has, and what it knows of all.
class Shard : public Hub::Receiver {
public:
    using People = std::map<std::string, std::size_t>;  // connections, by user

    /// On a loop of its own, so that it's frozen while that isn't run.
    explicit Shard(const RedisServer& redis, RedisHub::Settings::Duration renewal = 300ms)
        : renewal_(renewal) {
        start(redis);
    }
    ~Shard() override {
        if (hub) {
            hub->stop();
        }
    }

    void start(const RedisServer& redis) {
        hub = std::make_unique<RedisHub>(RedisHub::Settings{
            .url = chat_redis::parse_redis_url(redis.url()),
            .times = {.connect = 10s, .reply = 10s, .first_pause = 10ms, .longest_pause = 50ms},
            .lease = 3s,
            .renewal = renewal_,
            .look = 200ms,
            .patience = 1s});
        hub->start(loop.context.get_executor(), *this);
    }

    void on_event(const Event& event) noexcept override {
        switch (event.kind) {
            case Kind::enter:
                for (const Presence& presence : event.presences) {
                    const auto count = people[event.shard][presence.user] += presence.connections;
                    most = std::max(most, count);
                }
                break;
            case Kind::leave:
                for (const Presence& presence : event.presences) {
                    if ((people[event.shard][presence.user] -= presence.connections) == 0) {
                        people[event.shard].erase(presence.user);
                    }
                }
                break;
            case Kind::state:
                people[event.shard].clear();
                for (const Presence& presence : event.presences) {
                    people[event.shard][presence.user] = presence.connections;
                }
                break;
            case Kind::gone:
                people.erase(event.shard);
                ++gone[event.shard];
                break;
            case Kind::signal:
                signals.push_back(event.room + "/" + event.text);
                break;
        }
    }
    std::vector<Presence> own_presences() const override {
        std::vector<Presence> presences;
        for (const auto& [user, connections] : own) {
            presences.push_back({.user = user, .user_name = user, .connections = connections});
        }
        return presences;
    }

    void enter(const std::string& user) {
        ++own[user];
        hub->publish({.kind = Kind::enter, .presences = {{.user = user, .user_name = user}}});
    }
    void leave(const std::string& user) {
        if (--own[user] == 0) {
            own.erase(user);
        }
        hub->publish({.kind = Kind::leave, .presences = {{.user = user, .user_name = user}}});
    }

    std::map<std::string, People> people;
    std::size_t most = 0;  // connections of one user at one server, at any time
    People own;
    std::map<std::string, int> gone;
    std::vector<std::string> signals;
    test::TestLoop loop;
    std::unique_ptr<RedisHub> hub;

private:
    RedisHub::Settings::Duration renewal_;
};

struct Shards {
    explicit Shards(std::size_t count, RedisHub::Settings::Duration renewal = 300ms) {
        for (std::size_t i = 0; i < count; ++i) {
            all.push_back(std::make_unique<Shard>(redis, renewal));
            until([&] { return all.back()->hub->is_available(); }, "a server to be there");
        }
    }

    Shard& operator[](std::size_t index) { return *all.at(index); }

    /// Runs those that aren't frozen.
    void until(const std::function<bool()>& done, std::string_view what) {
        const auto end = std::chrono::steady_clock::now() + 40s;
        while (!done()) {
            BOOST_TEST_REQUIRE((std::chrono::steady_clock::now() < end),
                               "waited in vain for " << what);
            for (const auto& shard : all) {
                if (shard.get() != frozen) {
                    shard->loop.context.run_one_for(1ms);
                    shard->loop.context.poll();
                }
            }
        }
    }
    void until_all_know_all() {
        until(
            [&] {
                std::map<std::string, Shard::People> truth;
                for (const auto& shard : all) {
                    truth[shard->hub->shard()] = shard->own;
                }
                return std::ranges::all_of(all, [&](const auto& shard) {
                    return shard.get() == frozen ||
                           (shard->people == truth && shard->hub->is_available());
                });
            },
            "all to know all");
    }
    void until_away() {
        until(
            [&] {
                return std::ranges::none_of(
                    all, [](const auto& shard) { return shard->hub->is_available(); });
            },
            "Redis to be away");
    }
    /// How many of those say in Redis that somebody is gone.
    std::size_t gone_in_redis() const {
        const std::string events = redis.ask({"XRANGE", "chapter08:{hub}:events", "-", "+"});
        std::size_t count = 0;
        for (std::size_t at = events.find(R"("gone")"); at != std::string::npos;
             at = events.find(R"("gone")", at + 1)) {
            ++count;
        }
        return count;
    }

    RedisServer redis;
    std::vector<std::unique_ptr<Shard>> all;
    const Shard* frozen = nullptr;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_hub)

BOOST_AUTO_TEST_CASE(an_event_is_the_same_behind_redis) {
    const Event event{.kind = Kind::leave,
                      .shard = "s",
                      .presences = {{.room = "a\"b", .room_name = "A", .connections = 3},
                                    {.user = "\xE6\x84\x9B", .user_name = "x\n"}}};
    const auto read = event_of(to_json(event));
    BOOST_TEST_REQUIRE(read.has_value());
    BOOST_TEST((read->kind == Kind::leave));
    BOOST_TEST(read->shard == "s");
    BOOST_TEST_REQUIRE(read->presences.size() == 2U);
    BOOST_TEST(read->presences[0].room == "a\"b");
    BOOST_TEST(read->presences[0].room_name == "A");
    BOOST_TEST(read->presences[0].connections == 3U);
    BOOST_TEST(read->presences[1].user == "\xE6\x84\x9B");
    BOOST_TEST(read->presences[1].user_name == "x\n");
    for (const char* const other : {"", "[]", "{}", R"({"kind":"new","shard":"s"})",
                                    R"({"kind":"enter","shard":"s","presences":[[1]]})"}) {
        BOOST_TEST(!event_of(other).has_value(), other);
    }
}

BOOST_AUTO_TEST_CASE(who_comes_and_who_leaves_is_known_to_all) {
    Shards shards(2);
    shards[0].enter("ann");
    shards[1].enter("bob");
    shards[1].enter("bob");
    shards.until_all_know_all();
    // One that comes later hears of those who were there before.
    shards.all.push_back(std::make_unique<Shard>(shards.redis));
    shards.until_all_know_all();
    shards[1].leave("bob");
    shards[0].leave("ann");
    shards[2].enter("cid");
    shards.until_all_know_all();
    for (const auto& shard : shards.all) {
        BOOST_TEST(shard->gone.empty());
    }
}

BOOST_AUTO_TEST_CASE(a_server_that_ends_is_gone_at_once) {
    Shards shards(3);
    shards[2].enter("cid");
    shards.until_all_know_all();
    const std::string shard = shards[2].hub->shard();
    const auto before = std::chrono::steady_clock::now();
    shards[2].hub->stop();
    shards.all.pop_back();
    shards.until_all_know_all();
    BOOST_TEST((std::chrono::steady_clock::now() - before < 3s));
    BOOST_TEST(shards[0].gone[shard] == 1);
    BOOST_TEST(shards[1].gone[shard] == 1);
    BOOST_TEST(shards.gone_in_redis() == 1U);
}

BOOST_AUTO_TEST_CASE(a_server_that_dies_is_gone_once_and_one_that_wakes_up_is_back) {
    Shards shards(3);
    shards[2].enter("cid");
    shards.until_all_know_all();
    const std::string shard = shards[2].hub->shard();
    shards.frozen = &shards[2];
    shards.until([&] { return shards[0].gone[shard] > 0 && shards[1].gone[shard] > 0; },
                 "the lease to end");
    BOOST_TEST(!shards[0].people.contains(shard));
    const auto end = std::chrono::steady_clock::now() + 1s;
    shards.until([&] { return std::chrono::steady_clock::now() > end; }, "another look");
    BOOST_TEST(shards[0].gone[shard] == 1);
    BOOST_TEST(shards[1].gone[shard] == 1);
    BOOST_TEST(shards.gone_in_redis() == 1U);
    shards.frozen = nullptr;
    shards[2].enter("dan");
    shards.until_all_know_all();
    BOOST_TEST(shards[0].gone[shard] == 1);
}

BOOST_AUTO_TEST_CASE(signals_come_to_the_others_alone) {
    Shards shards(3);
    shards[0].hub->publish({.kind = Kind::signal, .room = "cpp", .text = "{\"typing\":1}"});
    shards.until([&] { return !shards[1].signals.empty() && !shards[2].signals.empty(); },
                 "the signal");
    shards[1].hub->publish({.kind = Kind::signal, .text = "x"});
    shards.until([&] { return !shards[0].signals.empty(); }, "the other signal");
    BOOST_TEST((shards[0].signals == std::vector<std::string>{"/x"}));
    BOOST_TEST((shards[1].signals == std::vector<std::string>{"cpp/{\"typing\":1}"}));
}

BOOST_AUTO_TEST_CASE(what_happens_while_redis_is_away_is_known_when_it_is_back) {
    Shards shards(3);
    shards[0].enter("ann");
    shards[1].enter("bob");
    shards.until_all_know_all();
    shards.redis.kill();
    shards.until_away();
    shards[0].leave("ann");
    shards[1].enter("dan");
    shards.redis.start();
    shards.until_all_know_all();
    for (const auto& shard : shards.all) {
        BOOST_TEST(shard->gone.empty());
    }
}

BOOST_AUTO_TEST_CASE(an_empty_redis_is_told_all_and_who_has_died_meanwhile_is_gone) {
    Shards shards(3);
    shards[0].enter("ann");
    shards[2].enter("cid");
    shards.until_all_know_all();
    const std::string shard = shards[2].hub->shard();
    shards.redis.kill_and_forget();
    shards.until_away();
    shards.frozen = &shards[2];
    shards[1].enter("bob");
    shards.redis.start();
    shards.until([&] { return shards[0].gone[shard] > 0 && shards[1].gone[shard] > 0; },
                 "the server that has died to be gone");
    BOOST_TEST(shards[0].gone.size() == 1U);
    BOOST_TEST(shards[1].gone.size() == 1U);
    BOOST_TEST((shards[0].people == shards[1].people));
    BOOST_TEST(shards[0].people.size() == 2U);
    shards.frozen = nullptr;
    shards.until_all_know_all();
}

BOOST_AUTO_TEST_CASE(a_redis_that_is_emptied_under_way_is_told_all) {
    Shards shards(2);
    shards[0].enter("ann");
    shards.until_all_know_all();
    shards.redis.ask({"FLUSHALL"});
    shards[1].enter("bob");
    shards.until([&] { return shards.redis.ask({"SCARD", "chapter08:{hub}:shards"}) == "2"; },
                 "the set of servers");
    shards.until_all_know_all();
    BOOST_TEST(shards[0].gone.empty());
}

BOOST_AUTO_TEST_CASE(connections_that_are_killed_leave_no_ghosts) {
    Shards shards(3);
    for (int i = 0; i < 300; ++i) {
        Shard& shard = shards[static_cast<std::size_t>(i) % 3];
        const std::string user = "u" + std::to_string(i % 7);
        if (shard.own.contains(user)) {
            shard.leave(user);
        } else {
            shard.enter(user);
        }
        if (i % 60 == 59) {
            static constexpr std::array<const char*, 2> types{"normal", "pubsub"};
            shards.redis.ask({"CLIENT", "KILL", "TYPE", types.at(i / 60 % 2)});
        }
        for (const auto& each : shards.all) {
            each->loop.context.poll_one();
        }
    }
    shards.until_all_know_all();
}

// It renews its lease again and again meanwhile, and must not read the events as often.
BOOST_AUTO_TEST_CASE(slow_answers_after_a_reconnection_count_nobody_twice) {
    Shards shards(2, 20ms);
    shards.until_all_know_all();
    shards.redis.ask({"CLIENT", "PAUSE", "1500", "WRITE"});
    shards.redis.ask({"CLIENT", "KILL", "TYPE", "normal"});
    shards.until_away();
    shards.until_all_know_all();
    for (const std::string user : {"alice", "bob", "carol"}) {
        shards[0].enter(user);
        shards.until_all_know_all();
    }
    BOOST_TEST(shards[0].most == 1U);
    BOOST_TEST(shards[1].most == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
