// Whole runs against a server whose faults are known: the load tool must report just those.
#include "scripted_runs.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace load;
using namespace load::test;

BOOST_AUTO_TEST_SUITE(faults)

BOOST_AUTO_TEST_CASE(a_dropped_message_is_a_loss) {
    ScriptedServer server{echo([](auto& self, Client client, const std::string& text, int nth) {
        if (client != 2 || nth != 3) {
            honest_echo(self, client, text, nth);
        }
    })};
    const Report report = run_with(server, short_run(Mode::echo));
    BOOST_TEST(findings(report) == "lost ");
    BOOST_TEST(report.traffic->lost == 1U);
    BOOST_TEST(report.problems.size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_last_messages_are_missed_too) {
    ScriptedServer server{chat([&](auto& self, Client, const std::string& frame, int nth) {
        for (Client member = 0; member < self.clients(); ++member) {
            if (member != 3 || nth < 2) {  // the fourth member hears the first two of each sender
                self.send(member, frame);
            }
        }
    })};
    Options options = short_run(Mode::chat);
    options.senders = 1;
    const Report report = run_with(server, options);
    BOOST_TEST(findings(report) == "lost ");
    BOOST_TEST(report.traffic->lost == report.traffic->sent_in_all - 2);
    BOOST_TEST(report.traffic->lost_by_some == report.traffic->lost);
}

BOOST_AUTO_TEST_CASE(a_doubled_message_is_a_duplicate) {
    ScriptedServer server{chat([](auto& self, Client client, const std::string& frame, int nth) {
        self.broadcast(frame);
        if (client == 0 && nth == 1) {
            self.send(4, frame);
        }
    })};
    const Report report = run_with(server, short_run(Mode::chat));
    BOOST_TEST(findings(report) == "duplicates ");
    BOOST_TEST(report.traffic->duplicates == 1U);
    BOOST_TEST(report.traffic->delivered_in_all == 5 * report.traffic->sent_in_all);
}

BOOST_AUTO_TEST_CASE(swapped_messages_are_overtaken_not_lost) {
    std::string held;
    ScriptedServer server{echo([&](auto& self, Client client, const std::string& text, int nth) {
        if (client == 1 && nth == 1) {
            held = text;
            return;
        }
        honest_echo(self, client, text, nth);
        if (client == 1 && nth == 2) {
            honest_echo(self, client, held, nth);
        }
    })};
    const Report report = run_with(server, short_run(Mode::echo));
    BOOST_TEST(findings(report) == "overtaken ");
    BOOST_TEST(report.traffic->overtaken == 1U);
}

BOOST_AUTO_TEST_CASE(a_damaged_text_is_noticed) {
    const auto damage = [](std::string text, int way) {
        switch (way) {
            case 0:
                text[40] = '?';
                return text;
            case 1:
                return text.substr(0, text.size() - 1);
            case 2:
                return text + "x";
            default:
                return "x" + text;
        }
    };
    for (int way = 0; way < 4; ++way) {
        ScriptedServer server{echo([&](auto& self, Client client, const std::string& text, int n) {
            honest_echo(self, client, client == 0 && n == 1 ? damage(text, way) : text, n);
        })};
        const Report report = run_with(server, short_run(Mode::echo));
        BOOST_TEST(findings(report) == "damaged ");
        BOOST_TEST(report.traffic->damaged == 1U);
    }
}

BOOST_AUTO_TEST_CASE(an_answer_to_someone_else_is_foreign_and_lost) {
    ScriptedServer server{echo([](auto& self, Client client, const std::string& text, int nth) {
        const bool astray = client == 0 && nth == 2;
        self.send(astray ? 1 : client, "Echo: " + text);
    })};
    const Report report = run_with(server, short_run(Mode::echo));
    BOOST_TEST(findings(report) == "lost foreign ");
    BOOST_TEST(report.traffic->foreign == 1U);
    BOOST_TEST(report.traffic->lost == 1U);
}

BOOST_AUTO_TEST_CASE(an_order_of_ones_own_is_noticed) {
    // Member 4 hears sender 0 only after sender 1's first: each sender's own order is right.
    std::vector<std::string> held;
    bool swapped = false;
    ScriptedServer server{chat([&](auto& self, Client client, const std::string& frame, int) {
        for (Client member = 0; member < 4; ++member) {
            self.send(member, frame);
        }
        if (client == 0 && !swapped) {
            held.push_back(frame);
            return;
        }
        self.send(4, frame);
        swapped = true;
        for (const std::string& late : std::exchange(held, {})) {
            self.send(4, late);
        }
    })};
    Options options = short_run(Mode::chat);
    options.senders = 2;
    options.window = 1;
    options.one_order = true;
    const Report report = run_with(server, options);
    BOOST_TEST(findings(report) == "order ");
    BOOST_TEST(report.traffic->divergent == 1U);
}

BOOST_AUTO_TEST_CASE(a_closed_member_is_reported_with_its_code) {
    ScriptedServer server{chat([](auto& self, Client client, const std::string& frame, int nth) {
        self.broadcast(frame);
        if (client == 0 && nth == 5) {
            self.close(4, 1013);
        }
    })};
    Options options = short_run(Mode::chat);
    const Report report = run_with(server, options);
    BOOST_TEST(report.closes.at(1013) == 1U);
    BOOST_TEST(report.closes.at(1000) == 4U);
    BOOST_TEST(report.problems.at(0) == "1 connections were closed early");
}

BOOST_AUTO_TEST_CASE(a_malformed_frame_ends_the_connection_and_is_reported) {
    ScriptedServer server{chat([](auto& self, Client client, const std::string& frame, int nth) {
        self.broadcast(frame);
        if (client == 0 && nth == 5) {
            self.send(4, "x", static_cast<Opcode>(3));
        }
    })};
    const Report report = run_with(server, short_run(Mode::chat));
    BOOST_TEST(report.errors.size() == 1U);
    BOOST_TEST(report.errors.begin()->first.starts_with("protocol error"));
    BOOST_TEST(!report.problems.empty());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_understood_is_reported) {
    ScriptedServer server{chat([](auto& self, Client, const std::string& frame, int) {
        self.broadcast(frame);
        self.broadcast("no JSON at all");
    })};
    const Report report = run_with(server, short_run(Mode::chat));
    BOOST_TEST(findings(report) == "");
    BOOST_TEST(report.problems.size() == 1U);
    BOOST_TEST(report.problems.at(0).ends_with("frames could not be understood"));
}

BOOST_AUTO_TEST_CASE(a_refused_handshake_is_a_failure_with_its_reason) {
    const auto fails_with = [](std::string answer, std::string_view reason) {
        ScriptedServer::Script script;
        script.answer = std::move(answer);
        ScriptedServer server{std::move(script)};
        BOOST_CHECK_EXCEPTION(
            run_with(server, short_run(Mode::idle)), Failure, [&](const Failure& failure) {
                BOOST_TEST_MESSAGE(failure.what());
                return std::string_view{failure.what()}.find(reason) != std::string_view::npos;
            });
    };
    fails_with("HTTP/1.1 403 Forbidden\r\n\r\n", "HTTP/1.1 403 Forbidden");
    fails_with("HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n",
               "Sec-WebSocket-Accept");
    fails_with(std::string(20'000, 'x'), "head does not end");
}

BOOST_AUTO_TEST_CASE(a_server_that_says_nothing_runs_into_the_deadline) {
    ScriptedServer server{ScriptedServer::Script{}};
    Options options = short_run(Mode::chat);  // ready with the first frame, which never comes
    options.connect_timeout = 0.2;
    const Nanoseconds began = now();
    BOOST_CHECK_THROW(run_with(server, options), Failure);
    BOOST_TEST(seconds(now() - began) >= 0.2);
    BOOST_TEST(seconds(now() - began) < 5);
}

BOOST_AUTO_TEST_SUITE_END()
