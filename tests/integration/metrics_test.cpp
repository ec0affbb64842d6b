// `GET /metrics`: what it says is what was done, to the message; and who may see it.
#include "support/event_client.hpp"
#include "support/http_client.hpp"
#include "support/keys.hpp"
#include "support/loop.hpp"
#include "support/server_process.hpp"
#include "support/temporary_directory.hpp"
#include "support/websocket_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <csignal>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

using namespace test;

namespace {

const std::string secret = "a secret of 32 bytes, or of more";
constexpr const char* endpoint = "/ws/chat/{username}";

void run(awaitable<void> test) {
    boost::asio::io_context context;
    test::run(context, std::move(test));
}

ServerProcess start(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"--port",           "0", "--message-rate",    "0",
                                       "--client-rate-in", "0", "--client-rate-out", "0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return ServerProcess(std::move(arguments));
}

void stop(ServerProcess& process) {
    process.send_signal(SIGTERM);
    BOOST_TEST(process.wait() == 0);
}

/// The samples of one look, by name and labels as they are written.
class Look {
public:
    explicit Look(const std::string& text) {
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) {
            if (!line.starts_with('#')) {
                const auto blank = line.rfind(' ');
                samples_[line.substr(0, blank)] = std::stod(line.substr(blank + 1));
            }
        }
    }

    /// The sum over all labels that it may have beside `label`.
    double of(const std::string& name, const std::string& label = {}) const {
        double sum = 0;
        bool found = false;
        for (const auto& [key, value] : samples_) {
            if (key.substr(0, key.find('{')) == name && key.find(label) != std::string::npos) {
                sum += value;
                found = true;
            }
        }
        BOOST_TEST_REQUIRE(found, fmt::format("there is no {} with {}", name, label));
        return sum;
    }

private:
    std::map<std::string, double> samples_;
};

awaitable<Look> look(unsigned short port) {
    const HttpResponse response = co_await get(port, "/metrics");
    BOOST_TEST(response.status == 200U);
    BOOST_TEST(response.header("content-type") == "text/plain; version=0.0.4; charset=utf-8");
    BOOST_TEST(response.header("cache-control") == "no-store");
    co_return Look(response.body);
}

awaitable<WebSocketClient> join(unsigned short port, std::string name) {
    WebSocketClient client = co_await WebSocketClient::connect(port, "/ws/chat/" + name);
    // What others are told of those who come later counts, too, but not here.
    const auto welcome = co_await client.receive_json();
    BOOST_TEST(welcome.at("event").as_string() == "welcome");
    co_return client;
}

awaitable<std::vector<WebSocketClient>> join_all(unsigned short port, std::size_t members) {
    std::vector<WebSocketClient> clients;
    for (std::size_t i = 0; i < members; ++i) {
        clients.push_back(co_await join(port, fmt::format("M{}", i)));
        for (std::size_t before = 0; before < i; ++before) {
            const auto notice = co_await clients[before].receive_json();
            BOOST_TEST(notice.at("event").as_string() == "join");
        }
    }
    co_return clients;
}

boost::json::object message(int number) {
    return {{"type", "message"}, {"id", std::to_string(number)}, {"message", "hello"}};
}

/// Everybody reads what the first member says, which also gets an answer to each.
awaitable<void> say(std::vector<WebSocketClient>& members, int messages) {
    for (int i = 0; i < messages; ++i) {
        co_await members.front().send_json(message(i));
        for (WebSocketClient& member : members) {
            const auto frame = co_await member.receive_json();
            BOOST_TEST(frame.at("type").as_string() == "message");
        }
        const auto ack = co_await members.front().receive_json();
        BOOST_TEST(ack.at("type").as_string() == "ack");
    }
}

/// Of `count` members, the first says something.
awaitable<void> count_to_the_message(unsigned short port, std::size_t count) {
    constexpr int messages = 40;
    const auto each = static_cast<double>(messages);
    const auto size = static_cast<double>(count);
    auto members = co_await join_all(port, count);
    const Look before = co_await look(port);
    co_await say(members, messages);
    co_await members.front().send_json(message(0));
    const auto repeated = co_await members.front().receive_json();
    BOOST_TEST(repeated.at("type").as_string() == "ack");
    const Look after = co_await look(port);
    const auto more = [&](const std::string& name, const std::string& label = {}) {
        return after.of(name, label) - before.of(name, label);
    };
    BOOST_TEST(after.of("chat_connections", endpoint) == size);
    BOOST_TEST(after.of("chat_connections_accepted_total", endpoint) == size);
    BOOST_TEST(after.of("chat_users") == size);
    BOOST_TEST(more("chat_messages_received_total") == each + 1);
    BOOST_TEST(more("chat_messages_sent_total") == each * size + each + 1);
    BOOST_TEST(more("chat_message_recipients_sum") == each * size);
    BOOST_TEST(more("chat_delivery_seconds_count") == each);
    BOOST_TEST(more("chat_delivery_seconds_bucket", "+Inf") == each);
    BOOST_TEST(more("chat_delivery_seconds_sum") > 0);
    BOOST_TEST(more("chat_log_append_seconds_count") == each + 1);
    BOOST_TEST(more("chat_duplicates_total") == 1);
    BOOST_TEST(more("chat_refusals_total") == 0);
    BOOST_TEST(after.of("chat_outbox_bytes") == 0);
    BOOST_TEST(after.of("process_resident_memory_bytes") > 1e6);
    BOOST_TEST(after.of("process_open_fds") > size);
    co_await members.back().close();
    members.pop_back();
    const auto notice = co_await members.front().receive_json();
    BOOST_TEST(notice.at("event").as_string() == "leave");
    const Look left = co_await look(port);
    BOOST_TEST(left.of("chat_connections", endpoint) == size - 1);
    BOOST_TEST(left.of("chat_connections_accepted_total", endpoint) == size);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(metrics)

BOOST_AUTO_TEST_CASE(they_count_to_the_message) {
    ServerProcess process = start();
    run(count_to_the_message(process.port(), 3));
    stop(process);
}

// Enough members that each worker has some of them.
BOOST_AUTO_TEST_CASE(they_count_to_the_message_with_two_workers) {
    ServerProcess process = start({"--workers", "2"});
    run(count_to_the_message(process.port(), 16));
    stop(process);
}

namespace {

/// So many bytes of frames, which a client has to mask.
awaitable<void> count_bytes(unsigned short port) {
    WebSocketClient client = co_await WebSocketClient::connect(port, "/ws");
    const Look before = co_await look(port);
    const Look between = co_await look(port);
    constexpr int frames = 10;
    const std::string text(1'000, 'x');
    for (int i = 0; i < frames; ++i) {
        co_await client.send_text(text);
        const std::string echo = co_await client.receive_text();
        BOOST_TEST(echo == "Echo: " + text);
    }
    const Look after = co_await look(port);
    const auto more = [](const Look& to, const Look& from, const std::string& name) {
        return to.of(name) - from.of(name);
    };
    constexpr double frame_in = 2 + 2 + 4 + 1'000;
    constexpr double frame_out = 2 + 2 + 6 + 1'000;
    // Each look is a request, too, and as long as the one before.
    const double request = more(between, before, "chat_received_bytes_total");
    BOOST_TEST(more(after, between, "chat_received_bytes_total") == request + frames * frame_in);
    const double sent = more(after, between, "chat_sent_bytes_total");
    BOOST_TEST(sent > frames * frame_out);
    BOOST_TEST(more(after, between, "chat_flush_bytes_sum") == sent);
    BOOST_TEST(after.of("chat_http_responses_total", "code=\"200\"") == 2);
    BOOST_TEST(after.of("chat_event_loop_lag_seconds_count") >= 0);
}

awaitable<void> be_refused(unsigned short port) {
    WebSocketClient client = co_await join(port, "Alice");
    for (int i = 0; i < 10; ++i) {
        boost::json::object heartbeat{{"type", "heartbeat"}};
        co_await client.send_json(std::move(heartbeat));
        co_await client.receive_json();
    }
    const Look refused = co_await look(port);
    BOOST_TEST(refused.of("chat_refusals_total", "\"rate_limited\"") == 6);
    BOOST_TEST(refused.of("chat_refusals_total", "\"slow_consumer\"") == 0);
}

/// Alice reads a stream of events, and Bob says something on a WebSocket.
awaitable<void> count_streams(unsigned short port) {
    const Look before = co_await look(port);
    EventClient alice = co_await EventClient::connect(port, "/events/chat/Alice");
    co_await alice.enter();
    WebSocketClient bob = co_await join(port, "Bob");
    co_await alice.receive_json();
    const Look between = co_await look(port);
    BOOST_TEST(between.of("chat_streams") == before.of("chat_streams") + 1);
    BOOST_TEST(between.of("chat_users") == 2);
    co_await bob.send_json(message(1));
    const auto heard = co_await alice.receive_json();
    BOOST_TEST(heard.at("type").as_string() == "message");
    const HttpResponse posted = co_await alice.post(boost::json::serialize(message(2)));
    BOOST_TEST(posted.status == 202U);
    const auto own = co_await alice.receive_json();
    BOOST_TEST(own.at("type").as_string() == "message");
    const auto ack = co_await alice.receive_json();
    BOOST_TEST(ack.at("type").as_string() == "ack");
    const Look after = co_await look(port);
    const auto more = [&](const std::string& name) { return after.of(name) - between.of(name); };
    BOOST_TEST(more("chat_stream_pieces_sent_total") == 3);
    BOOST_TEST(more("chat_message_recipients_sum") == 4);
    BOOST_TEST(more("chat_delivery_seconds_count") == 2);
    BOOST_TEST(after.of("chat_http_responses_total", "\"202\"") == 1);
}

awaitable<void> look_back(unsigned short port) {
    WebSocketClient alice = co_await join(port, "Alice");
    co_await alice.send_json(message(1));
    co_await alice.receive_json();
    co_await alice.receive_json();
    boost::json::object back{{"type", "history"}};
    co_await alice.send_json(std::move(back));
    const auto page = co_await alice.receive_json();
    BOOST_TEST(page.at("type").as_string() == "history");
    const std::string epoch(page.at("epoch").as_string());
    for (const std::string& position : {epoch + ":0", std::string("0123456789abcdef:7")}) {
        boost::json::object since{{"type", "history"}, {"since", position}};
        co_await alice.send_json(std::move(since));
        const auto missed = co_await alice.receive_json();
        BOOST_TEST(missed.at("type").as_string() == "history");
    }
    const Look after = co_await look(port);
    for (const char* const kind : {"whole", "gap", "page"}) {
        BOOST_TEST(after.of("chat_history_replays_total", kind) == 1, kind);
    }
    BOOST_TEST(after.of("chat_log_commit_seconds_count") >= 1);
}

/// The status, and what the answer has to say if it's 403.
awaitable<unsigned> status_for(unsigned short port, std::string headers, std::string hint = {}) {
    const HttpResponse response = co_await get(port, "/metrics", std::move(headers));
    if (response.status == 403U) {
        BOOST_TEST(response.body.find(hint) != std::string::npos, response.body);
        BOOST_TEST(response.body.find("chat_") == std::string::npos);
    }
    co_return response.status;
}

const std::string through_proxy = "X-Forwarded-For: 203.0.113.7\r\n";

}  // namespace

BOOST_AUTO_TEST_CASE(bytes_are_those_of_the_wire) {
    ServerProcess process = start();
    run(count_bytes(process.port()));
    stop(process);
}

BOOST_AUTO_TEST_CASE(refusals_have_their_reasons_before_and_after_the_first) {
    ServerProcess process({"--port", "0", "--message-rate", "0.001", "--message-burst", "4"});
    run(be_refused(process.port()));
    stop(process);
}

BOOST_AUTO_TEST_CASE(streams_of_events_count_as_members_and_their_events) {
    ServerProcess process = start();
    run(count_streams(process.port()));
    stop(process);
}

BOOST_AUTO_TEST_CASE(replays_and_commits_of_a_database) {
    const TemporaryDirectory folder;
    ServerProcess process = start({"--database", (folder.path() / "chat.db").string()});
    run(look_back(process.port()));
    stop(process);
}

namespace {

awaitable<void> look_from_afar(unsigned short port, std::string hint) {
    const unsigned far = co_await status_for(port, through_proxy, std::move(hint));
    const unsigned near = co_await status_for(port, "");
    BOOST_TEST(far == 403U);
    BOOST_TEST(near == 200U);
}

awaitable<void> look_as_one_may(unsigned short port) {
    const unsigned host = co_await status_for(port, "X-Forwarded-For: 198.51.100.9\r\n");
    BOOST_TEST(host == 200U);
    const std::string token = make_token(R"({"sub":"Alice","exp":33333333333})", secret);
    const std::string header = through_proxy + "Authorization: Bearer ";
    const unsigned valid = co_await status_for(port, header + token + "\r\n");
    BOOST_TEST(valid == 200U);
    const unsigned wrong = co_await status_for(port, header + "x" + token + "\r\n");
    BOOST_TEST(wrong == 403U);
    // The page has no figures: with a token it asks for them itself.
    const HttpResponse page = co_await get(port, "/status", through_proxy);
    BOOST_TEST(page.status == 200U);
}

}  // namespace

// Whether a proxy is trusted or not: what it passes on doesn't come from this machine.
BOOST_AUTO_TEST_CASE(who_is_not_on_this_machine_may_not_look) {
    ServerProcess trusting = start({"--proxy-headers"});
    run(look_from_afar(trusting.port(), "--monitor-host 203.0.113.7"));
    stop(trusting);
    ServerProcess other = start();
    run(look_from_afar(other.port(), "--proxy-headers"));
    stop(other);
}

BOOST_AUTO_TEST_CASE(but_a_monitor_host_may_and_who_has_a_token) {
    const TemporaryDirectory folder;
    std::ofstream(folder.path() / "secret") << secret;
    ServerProcess process = start({"--proxy-headers", "--monitor-host", "198.51.100.0/24",
                                   "--jwt-secret-file", (folder.path() / "secret").string()});
    run(look_as_one_may(process.port()));
    stop(process);
}

BOOST_AUTO_TEST_SUITE_END()
