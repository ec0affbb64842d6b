// Whole runs against an honest server: figures, protocols, rates, signals, deadlines, the report.
#include "scripted_runs.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <set>
#include <string>
#include <utility>

using namespace load;
using namespace load::test;

BOOST_AUTO_TEST_SUITE(runs)

BOOST_AUTO_TEST_CASE(an_honest_echo_has_no_findings) {
    for (const bool binary : {false, true}) {
        ScriptedServer server{echo(honest_echo)};
        Options options = short_run(Mode::echo);
        options.binary = binary;
        options.payload = binary ? 4000 : 64;
        const Report report = run_with(server, options);
        BOOST_TEST(findings(report) == "");
        BOOST_TEST(report.problems.empty());
        BOOST_TEST(report.traffic->delivered > 0U);
        BOOST_TEST(report.traffic->latency.count() == report.traffic->delivered);
        BOOST_TEST(report.traffic->sent_in_all == report.traffic->delivered_in_all);
        BOOST_TEST(report.closes.at(1000) == 5U);
    }
}

BOOST_AUTO_TEST_CASE(an_honest_chat_delivers_each_message_to_all) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
        ScriptedServer::Script script = chat(honest_chat);
        script.piece = piece;
        ScriptedServer server{std::move(script)};
        Options options = short_run(Mode::chat);
        options.one_order = true;
        options.drain = 10;
        const Report report = run_with(server, options);
        BOOST_TEST(findings(report) == "");
        BOOST_TEST(report.problems.empty());
        BOOST_TEST(report.traffic->delivered_in_all == 5 * report.traffic->sent_in_all);
        BOOST_TEST(report.frames[static_cast<std::size_t>(Kind::system)] == 5U);
    }
}

BOOST_AUTO_TEST_CASE(each_message_has_an_id_of_its_own_where_the_message_asks_for_one) {
    std::set<std::string> ids;
    std::atomic<std::uint64_t> frames{};
    ScriptedServer::Script script =
        echo([&](ScriptedServer& there, Client client, const std::string& frame, int nth) {
            ids.emplace(boost::json::parse(frame).at("id").as_string());
            ++frames;
            honest_chat(there, client, chat_frame(text_of(frame)), nth);
        });
    script.open = [](ScriptedServer& there, Client client) { there.send(client, welcome); };
    ScriptedServer server{std::move(script)};
    Options options = short_run(Mode::chat);
    options.message = R"({"type":"message","id":"{id}","message":"{text}"})";
    const Report report = run_with(server, options);
    BOOST_TEST(findings(report) == "");
    BOOST_TEST(ids.size() == frames);
    BOOST_TEST(frames > 5U);
}

BOOST_AUTO_TEST_CASE(fragments_and_pings_are_taken_in_stride) {
    std::atomic<int> pongs{};
    std::atomic<int> json_pongs{};
    ScriptedServer::Script script;
    script.open = [](ScriptedServer& server, Client client) { server.send(client, welcome); };
    script.frame = [&](ScriptedServer& server, Client client, Opcode opcode,
                       const std::string& frame) {
        if (opcode == Opcode::pong) {
            pongs += frame == "are you there?" ? 1 : 0;
        } else if (frame == R"({"type":"pong"})") {
            ++json_pongs;
        } else {
            const std::string whole = chat_frame(text_of(frame));
            server.send(client, whole.substr(0, 60), Opcode::text, false);
            server.send(client, "are you there?", Opcode::ping);
            server.send(client, whole.substr(60), Opcode::continuation, true);
            server.send(client, R"({"type":"ping","timestamp":"now"})");
        }
    };
    ScriptedServer server{std::move(script)};
    Options options = short_run(Mode::chat);
    options.connections = options.senders = 1;
    const Report report = run_with(server, options);
    BOOST_TEST(report.problems.empty());
    BOOST_TEST(report.traffic->delivered > 0U);
    BOOST_TEST(pongs > 0);
    BOOST_TEST(json_pongs > 0);
}

BOOST_AUTO_TEST_CASE(socket_io_is_spoken) {
    std::atomic<int> connects{};
    std::atomic<int> joins{};
    std::atomic<int> pongs{};
    ScriptedServer::Script script;
    script.open = [](ScriptedServer& server, Client client) {
        server.send(client, R"(0{"sid":"x","upgrades":[],"pingInterval":25000})");
    };
    script.frame = [&](ScriptedServer& server, Client client, Opcode, const std::string& frame) {
        if (frame.starts_with(R"(40/room,{"username":"load)")) {
            ++connects;
            server.send(client, R"(40/room,{"sid":"y"})");
        } else if (frame.starts_with(R"(42/room,["join",{"username":"load)")) {
            ++joins;
            server.send(client, R"(42/room,["system",{"event":"welcome"}])");
            server.send(client, "2");
        } else if (frame == "3") {
            ++pongs;
        } else if (frame.starts_with(R"(42/room,["message",{"username":"load)")) {
            server.broadcast(R"(42/room,["message",{"username":"x","message":")" + text_of(frame) +
                             R"("}])");
        }
    };
    ScriptedServer server{std::move(script)};
    Options options = short_run(Mode::chat);
    options.protocol = Protocol::socketio;
    options.namespace_name = "/room";
    options.auth = R"({"username":"{user}"})";
    options.join_event = "join";
    const Report report = run_with(server, options, "/socket.io/?EIO=4&transport=websocket");
    BOOST_TEST(findings(report) == "");
    BOOST_TEST(report.problems.empty());
    BOOST_TEST(report.traffic->delivered > 0U);
    BOOST_TEST(connects == 5);
    BOOST_TEST(joins == 5);
    BOOST_TEST(pongs == 5);
}

BOOST_AUTO_TEST_CASE(an_open_loop_keeps_its_rate) {
    ScriptedServer server{echo(honest_echo)};
    Options options = short_run(Mode::echo);
    options.rate = 1000;
    options.duration = 0.5;
    const Report report = run_with(server, options);
    BOOST_TEST(report.problems.empty());
    const double rate = static_cast<double>(report.traffic->sent) / report.traffic->seconds;
    BOOST_TEST(rate > 700.0);
    BOOST_TEST(rate < 1300.0);
}

BOOST_AUTO_TEST_CASE(an_interrupted_run_reports_what_it_has) {
    ScriptedServer server{echo([](auto& self, Client client, const std::string& text, int nth) {
        honest_echo(self, client, text, nth);
        if (client == 0 && nth == 200) {
            ::kill(::getpid(), SIGINT);
        }
    })};
    Options options = short_run(Mode::echo);
    options.warm_up = 0;
    options.duration = 60;
    const Nanoseconds began = now();
    const Report report = run_with(server, options);
    BOOST_TEST(report.interrupted);
    BOOST_TEST(seconds(now() - began) < 30);
    BOOST_TEST(report.traffic->delivered > 0U);
    BOOST_TEST(report.problems.empty());
}

BOOST_AUTO_TEST_CASE(a_run_ends_with_its_timeout) {
    ScriptedServer server{echo(honest_echo)};
    Options options = short_run(Mode::echo);
    options.duration = 60;
    options.timeout = 0.3;
    const Nanoseconds began = now();
    const Report report = run_with(server, options);
    BOOST_TEST(seconds(now() - began) < 30);
    BOOST_TEST(report.problems.at(0) == "the run did not end within --timeout");
}

BOOST_AUTO_TEST_CASE(churn_counts_each_connection_once) {
    ScriptedServer server{chat(honest_chat)};
    Options options = short_run(Mode::churn);
    options.connections = 300;
    options.concurrency = 8;
    options.torn = 30;
    options.torn_early = 20;
    options.ready = Ready::frame;
    const Report report = run_with(server, options);
    BOOST_TEST(report.problems.empty());
    const ChurnFigures& churn = report.churn.value();
    BOOST_TEST(churn.started == 300U);
    BOOST_TEST(churn.polite + churn.torn + churn.torn_early == 300U);
    BOOST_TEST(churn.polite > 100U);
    BOOST_TEST(churn.torn > 50U);
    BOOST_TEST(churn.torn_early > 20U);
    BOOST_TEST(churn.failed == 0U);
    BOOST_TEST(report.closes.at(1000) == churn.polite);
}

BOOST_AUTO_TEST_CASE(idle_measures_the_server_and_closes) {
    ScriptedServer server{chat(honest_chat)};
    Options options = short_run(Mode::idle);
    options.connections = 50;
    options.pid = ::getpid();
    options.close_timeout = 0.5;
    options.ready = Ready::frame;
    const Report report = run_with(server, options);
    BOOST_TEST(report.problems.empty());
    BOOST_TEST(report.server->before->rss_kib > 0U);
    // Both ends are in this process.
    BOOST_TEST(report.server->during->descriptors >= report.server->before->descriptors + 100);
    BOOST_TEST(report.closes.at(1000) == 50U);
}

BOOST_AUTO_TEST_CASE(the_report_is_json) {
    ScriptedServer server{chat(honest_chat)};
    Options options = short_run(Mode::chat);
    options.pid = ::getpid();
    options.close_timeout = 0.5;
    const Report report = run_with(server, options);
    const auto json = boost::json::parse(boost::json::serialize(to_json(report))).as_object();
    BOOST_TEST(json.at("ok").as_bool());
    const auto& traffic = json.at("traffic").as_object();
    BOOST_TEST(traffic.at("check").as_object().at("lost").to_number<int>() == 0);
    BOOST_TEST(traffic.at("delivered_per_second").to_number<double>() > 0);
    BOOST_TEST(json.at("server").as_object().at("cpu_share").to_number<double>() >= 0);
    BOOST_TEST(to_table(report).find("PROBLEM") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
