// Thousands of half requests, which cost the server a descriptor each for a while: the members of
// the chat beside them notice nothing.
#include "beastapi/asyncio.hpp"
#include "support/server_process.hpp"
#include "support/websocket_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <string>
#include <vector>

using namespace test;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t members = 20;
constexpr std::size_t attackers = 2'000;
// In seconds: so long that most of a wave is there before the first of it is sent away.
#ifdef __SANITIZE_ADDRESS__
const std::string request_timeout = "8";
#else
const std::string request_timeout = "4";
#endif

struct RoundTrip {
    steady_clock::time_point begin;
    steady_clock::duration time;
};

/// A talk in which each member says one thing after the other, until it is over.
struct Talk {
    bool over = false;
    std::size_t speakers = members;
    std::size_t said = 0;  // by all of them
    std::vector<RoundTrip> round_trips{};
};

/// In milliseconds: the p99 of the round trips that began in [begin, end).
double p99(const Talk& talk, steady_clock::time_point begin, steady_clock::time_point end) {
    std::vector<double> times;
    for (const RoundTrip& each : talk.round_trips) {
        if (each.begin >= begin && each.begin < end) {
            times.push_back(std::chrono::duration<double, std::milli>(each.time).count());
        }
    }
    BOOST_TEST_REQUIRE(times.size() >= 100U);
    std::sort(times.begin(), times.end());
    return times[times.size() * 99 / 100];
}

/// What one member heard: from each member its messages, with their numbers in order.
class Heard {
public:
    explicit Heard(std::string text) : member_(number_behind(text, "\"username\":\"User")) {
        message_ = number_behind(text, "\"message\":\"");
    }
    std::size_t member() const { return member_; }
    std::size_t message() const { return message_; }

private:
    static std::size_t number_behind(std::string_view text, std::string_view key) {
        const std::size_t at = text.find(key);
        std::size_t number = 0;
        if (at == std::string_view::npos ||
            std::from_chars(text.data() + at + key.size(), text.data() + text.size(), number).ec !=
                std::errc()) {
            throw std::runtime_error(fmt::format("not expected: {}", text));
        }
        return number;
    }

    std::size_t member_;
    std::size_t message_ = 0;
};

/// A member, and the number of the message that is next from each of the members.
struct Member {
    WebSocketClient client;
    std::size_t self;
    std::vector<std::size_t> next = std::vector<std::size_t>(members);
    std::size_t heard = 0;
};

/// Nobody's message is lost, nor out of order.
awaitable<void> hear(Member& member) {
    const std::string text = co_await member.client.receive_text();
    const Heard message(text);
    BOOST_TEST_REQUIRE(message.member() < members);
    BOOST_TEST_REQUIRE(message.message() == member.next[message.member()]++);
    ++member.heard;
}

awaitable<void> take_part(Member& member, Talk& talk) {
    for (std::size_t round = 0; !talk.over; ++round) {
        const auto begin = steady_clock::now();
        ++talk.said;
        co_await member.client.send_text(fmt::format(R"({{"message":"{}"}})", round));
        while (member.next[member.self] == round) {
            co_await hear(member);
        }
        talk.round_trips.push_back(RoundTrip{begin, steady_clock::now() - begin});
        co_await beastapi::asyncio::sleep(50ms);
    }
    --talk.speakers;
    const auto all_has_been_said = [&talk] { return talk.speakers == 0; };
    co_await until(all_has_been_said, "the others to end");
    while (member.heard < talk.said) {
        co_await hear(member);
    }
}

awaitable<std::vector<Member>> join_all(unsigned short port) {
    std::vector<Member> all;
    all.reserve(members);
    for (std::size_t i = 0; i < members; ++i) {
        WebSocketClient client =
            co_await WebSocketClient::connect(port, fmt::format("/ws/chat/User{}", i));
        all.push_back(Member{std::move(client), i});
        co_await all.back().client.receive_json();
        for (std::size_t other = 0; other < i; ++other) {
            co_await all[other].client.receive_json();
        }
    }
    co_return all;
}

awaitable<std::vector<Task>> begin(std::vector<Member>& all, Talk& talk) {
    std::vector<Task> tasks;
    tasks.reserve(members);
    for (Member& member : all) {
        tasks.push_back(co_await Task::start(take_part(member, talk)));
    }
    co_return tasks;
}

awaitable<void> end(std::vector<Task>& tasks, Talk& talk) {
    talk.over = true;
    for (Task& task : tasks) {
        co_await task.join();
    }
}

awaitable<std::vector<TcpClient>> attack(unsigned short port) {
    TcpOptions options;
    options.from = "127.0.0.2";
    std::vector<TcpClient> clients;
    clients.reserve(attackers);
    for (std::size_t i = 0; i < attackers; ++i) {
        clients.push_back(co_await TcpClient::connect(port, options));
        co_await clients.back().send("GET /ws/chat/Mallory HTTP/1.1\r\nHost: localhost\r\nUpgr");
    }
    co_return clients;
}

/// One wave of half requests, from the first connection to the last answer.
awaitable<void> attack_once(ServerProcess& process, unsigned short port) {
    std::vector<TcpClient> half_requests = co_await attack(port);
    // A busy server may not have accepted them all yet.
    const auto most_are_in = [&process] { return process.open_descriptors() > attackers / 2; };
    co_await until(most_are_in, "most of the half requests to be accepted");
    for (TcpClient& each : half_requests) {
        const HttpResponse response = co_await read_response(each);
        BOOST_TEST_REQUIRE(response.status == 408U);
        each.close();
    }
}

/// The same talk goes on at a server that is left alone: what delays both is the machine.
awaitable<void> be_attacked(ServerProcess& process, unsigned short port,
                            unsigned short quiet_port) {
    std::vector<Member> attacked_members = co_await join_all(port);
    std::vector<Member> quiet_members = co_await join_all(quiet_port);
    const std::size_t descriptors = process.open_descriptors();
    Talk attacked;
    Talk quiet;
    std::vector<Task> talking = co_await begin(attacked_members, attacked);
    std::vector<Task> talking_quietly = co_await begin(quiet_members, quiet);
    // What holds the members up does so in each wave; a machine that is busy with other things, in
    // some. So one wave in which nobody is held up is enough.
    std::size_t waves = 0;
    bool held_up = true;
    while (waves < 2 || (held_up && waves < 8)) {
        const auto begin = steady_clock::now();
        co_await attack_once(process, port);
        ++waves;
        const double alone = p99(quiet, begin, steady_clock::now());
        const double beside = p99(attacked, begin, steady_clock::now());
        held_up = held_up && beside >= std::max(50.0, 2 * alone);
        BOOST_TEST_MESSAGE("p99 of a round trip: " << alone << " ms left alone, " << beside
                                                   << " ms under attack");
    }
    BOOST_TEST(!held_up);
    co_await end(talking, attacked);
    co_await end(talking_quietly, quiet);
    const auto gone = [&process, descriptors] { return process.open_descriptors() <= descriptors; };
    co_await until(gone, "all half requests to be gone");
    const HttpResponse status = co_await get(port, "/ws/status");
    const auto refusals = status.json().at("refusals").as_object();
    BOOST_TEST(refusals.at("request_timeout").to_number<std::size_t>() == waves * attackers);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(half_requests)

BOOST_AUTO_TEST_CASE(two_thousand_delay_nobody_and_are_all_sent_away) {
    need_descriptors(attackers + 200);
    // As if they came from many addresses, and no limit of the rate held them up.
    const std::vector<std::string> arguments{"--port",
                                             "0",
                                             "--connection-rate",
                                             "0",
                                             "--request-timeout",
                                             request_timeout,
                                             "--message-rate",
                                             "0",
                                             "--max-connections",
                                             "0",
                                             "--max-connections-per-address",
                                             "0",
                                             "--client-rate-in",
                                             "0"};
    ServerProcess process(arguments);
    ServerProcess quiet(arguments);
    const unsigned short port = process.port();
    io_context context{1};
    test::run(context, be_attacked(process, port, quiet.port()));
    for (ServerProcess* const each : {&process, &quiet}) {
        each->send_signal(SIGTERM);
        BOOST_TEST(each->wait() == 0);
    }
}

BOOST_AUTO_TEST_SUITE_END()
