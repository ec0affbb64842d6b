// Runs of chat with --acks, against a server that keeps its word and against some that don't.
#include "scripted_log.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace load;
using namespace load::test;

namespace {

Options with_acks() {
    Options options = short_run(Mode::chat);
    options.acks = true;
    options.senders = 2;
    options.drain = 5;
    return options;
}

/// What a run finds whose server does one thing wrong: the problems, without their counts.
std::string problems(const Report& report) {
    std::string text;
    for (const std::string& problem : report.problems) {
        text += problem.substr(problem.find(' ') + 1) + "\n";
    }
    return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(acks)

BOOST_AUTO_TEST_CASE(a_server_that_keeps_its_word_has_no_findings) {
    ScriptedServer server{log_server(honest_delivery)};
    const Report report = run_with(server, with_acks());
    BOOST_TEST(problems(report) == "");
    const TrafficFigures& traffic = *report.traffic;
    BOOST_TEST(traffic.acks->acknowledged > 0U);
    BOOST_TEST(traffic.acks->latency.count() == traffic.acks->acknowledged);
    BOOST_TEST(traffic.acks->acknowledged_in_all == traffic.sent_in_all);
    BOOST_TEST(traffic.delivered_in_all == 5 * traffic.sent_in_all);
    BOOST_TEST(traffic.acks->duplicates == 0U);
    BOOST_TEST(report.frames[static_cast<std::size_t>(Kind::ack)] == traffic.sent_in_all);
}

BOOST_AUTO_TEST_CASE(the_window_counts_what_has_no_ack) {
    std::size_t waiting = 0;
    std::size_t most = 0;
    std::vector<std::string> held;
    ScriptedServer server{
        log_server([&](auto& self, ScriptedLog& log, Client client, const std::string& frame, int) {
            const auto stored = log.store(frame);
            self.broadcast(stored.frame);
            held.push_back(stored.ack());
            most = std::max(most, ++waiting);
            if (waiting == 4) {
                for (const std::string& ack : std::exchange(held, {})) {
                    self.send(client, ack);
                }
                waiting = 0;
            }
        })};
    Options options = with_acks();
    options.senders = 1;
    options.window = 4;
    options.drain = 0.1;
    const Report report = run_with(server, options);
    // The last ones may be fewer than four, and then they have no ack.
    BOOST_TEST(report.traffic->acks->acknowledged > 4U);
    BOOST_TEST(most == 4U);
}

BOOST_AUTO_TEST_CASE(what_was_acknowledged_and_not_delivered_is_lost) {
    ScriptedServer server{log_server(
        [](auto& self, ScriptedLog& log, Client client, const std::string& frame, int nth) {
            const auto stored = log.store(frame);
            for (Client member = 0; member < self.clients(); ++member) {
                if (client != 0 || nth != 2 || member != 3) {
                    self.send(member, stored.frame);
                }
            }
            self.send(client, stored.ack());
        })};
    Options options = with_acks();
    options.drain = 0.3;
    const Report report = run_with(server, options);
    BOOST_TEST(problems(report) == "acknowledged messages did not reach a member\n");
    BOOST_TEST(report.traffic->lost == 1U);
    BOOST_TEST(report.traffic->lost_by_some == 1U);
}

BOOST_AUTO_TEST_CASE(the_last_acknowledged_messages_are_missed_too) {
    ScriptedServer server{log_server(
        [](auto& self, ScriptedLog& log, Client client, const std::string& frame, int nth) {
            const auto stored = log.store(frame);
            for (Client member = 0; member < self.clients(); ++member) {
                if (nth < 2 || member != 4) {
                    self.send(member, stored.frame);
                }
            }
            self.send(client, stored.ack());
        })};
    Options options = with_acks();
    options.drain = 0.3;
    const Report report = run_with(server, options);
    BOOST_TEST(problems(report) == "acknowledged messages did not reach a member\n");
    BOOST_TEST(report.traffic->lost == report.traffic->sent_in_all - 4);
    BOOST_TEST(report.traffic->lost_by_some == report.traffic->lost);
}

BOOST_AUTO_TEST_CASE(what_was_refused_is_not_lost) {
    ScriptedServer server{log_server(
        [](auto& self, ScriptedLog& log, Client client, const std::string& frame, int nth) {
            if (nth % 3 == 1) {
                self.send(client, refusal(field(frame, "id"), "rate_limited"));
            } else {
                honest_delivery(self, log, client, frame, nth);
            }
        })};
    const Report report = run_with(server, with_acks());
    BOOST_TEST(problems(report) == "messages were refused\n");
    const AckFigures& acks = *report.traffic->acks;
    BOOST_TEST(acks.refused > 0U);
    BOOST_TEST(acks.refusals.at("rate_limited") == acks.refused);
    BOOST_TEST(acks.acknowledged_in_all + acks.refused == report.traffic->sent_in_all);
    BOOST_TEST(report.traffic->drain_seconds < 4.0);
}

BOOST_AUTO_TEST_CASE(what_was_refused_and_delivered_is_noticed) {
    ScriptedServer server{log_server(
        [](auto& self, ScriptedLog& log, Client client, const std::string& frame, int nth) {
            if (client == 1 && nth == 3) {
                self.send(client, refusal(field(frame, "id"), "unavailable"));
                self.broadcast(log.store(frame).frame);
            } else {
                honest_delivery(self, log, client, frame, nth);
            }
        })};
    const Report report = run_with(server, with_acks());
    BOOST_TEST(problems(report) ==
               "messages were refused\nmessages were refused, and delivered all the same\n");
    BOOST_TEST(report.traffic->acks->refused_delivered == 1U);
}

BOOST_AUTO_TEST_CASE(what_was_delivered_twice_is_a_duplicate) {
    ScriptedServer server{log_server(
        [](auto& self, ScriptedLog& log, Client client, const std::string& frame, int nth) {
            honest_delivery(self, log, client, frame, nth);
            if (client == 0 && nth == 1) {
                self.send(4, log.behind(log.last() - 1, 1).front());
            }
        })};
    const Report report = run_with(server, with_acks());
    BOOST_TEST(problems(report) == "messages came twice\n");
    BOOST_TEST(report.traffic->duplicates == 1U);
}

BOOST_AUTO_TEST_CASE(a_message_without_an_answer_is_noticed) {
    ScriptedServer server{log_server(
        [](auto& self, ScriptedLog& log, Client client, const std::string& frame, int nth) {
            if (client == 1 && nth == 3) {
                self.broadcast(log.store(frame).frame);
            } else {
                honest_delivery(self, log, client, frame, nth);
            }
        })};
    Options options = with_acks();
    options.drain = 0.3;
    const Report report = run_with(server, options);
    BOOST_TEST(problems(report) == "messages were neither acknowledged nor refused\n");
    BOOST_TEST(report.traffic->acks->unanswered == 1U);
    BOOST_TEST(report.traffic->lost == 0U);
}

BOOST_AUTO_TEST_CASE(what_has_neither_ack_nor_delivery_is_not_lost) {
    ScriptedServer server{log_server(
        [](auto& self, ScriptedLog& log, Client client, const std::string& frame, int nth) {
            if (client != 1 || nth != 3) {
                honest_delivery(self, log, client, frame, nth);
            }
        })};
    Options options = with_acks();
    options.drain = 0.3;
    const Report report = run_with(server, options);
    BOOST_TEST(problems(report) == "messages were neither acknowledged nor refused\n");
    BOOST_TEST(report.traffic->lost == 0U);
}

BOOST_AUTO_TEST_CASE(an_ack_with_another_number_is_noticed) {
    ScriptedServer server{log_server(
        [](auto& self, ScriptedLog& log, Client client, const std::string& frame, int nth) {
            auto stored = log.store(frame);
            self.broadcast(stored.frame);
            stored.seq += client == 0 && nth == 2 ? 1 : 0;
            self.send(client, stored.ack());
        })};
    const Report report = run_with(server, with_acks());
    BOOST_TEST(problems(report) == "acks had another number than the message\n");
    BOOST_TEST(report.traffic->acks->misnumbered == 1U);
}

BOOST_AUTO_TEST_CASE(an_ack_that_nobody_waits_for_is_noticed) {
    ScriptedServer server{log_server(
        [](auto& self, ScriptedLog& log, Client client, const std::string& frame, int nth) {
            const auto stored = log.store(frame);
            self.broadcast(stored.frame);
            self.send(client, stored.ack());
            if (client == 0 && nth == 2) {
                self.send(client, stored.ack());
                self.send(1, stored.ack());  // another sender's
            }
        })};
    const Report report = run_with(server, with_acks());
    BOOST_TEST(problems(report) == "acks or errors were about no message that waited for one\n");
    BOOST_TEST(report.traffic->acks->unasked == 2U);
}

BOOST_AUTO_TEST_CASE(numbers_that_do_not_rise_are_noticed) {
    // One member gets two messages of different senders in another order than their numbers'.
    std::string held;
    ScriptedServer server{log_server(
        [&](auto& self, ScriptedLog& log, Client client, const std::string& frame, int nth) {
            const auto stored = log.store(frame);
            for (Client member = 0; member < 4; ++member) {
                self.send(member, stored.frame);
            }
            if (client == 0 && nth == 0) {
                held = stored.frame;
            } else {
                self.send(4, stored.frame);
                if (!held.empty()) {
                    self.send(4, std::exchange(held, {}));
                }
            }
            self.send(client, stored.ack());
        })};
    Options options = with_acks();
    options.window = 1;
    const Report report = run_with(server, options);
    BOOST_TEST(report.traffic->acks->disordered == 1U);
    BOOST_TEST(report.traffic->lost == 0U);
}

BOOST_AUTO_TEST_CASE(messages_that_are_sent_again_are_known) {
    ScriptedServer server{log_server(honest_delivery)};
    Options options = with_acks();
    options.repeat = 25;
    const Report report = run_with(server, options);
    BOOST_TEST(problems(report) == "");
    const AckFigures& acks = *report.traffic->acks;
    BOOST_TEST(acks.repeats > 0U);
    BOOST_TEST(acks.repeats == report.traffic->sent_in_all / 4);
    BOOST_TEST(acks.duplicates == acks.repeats);
    BOOST_TEST(acks.acknowledged_in_all == report.traffic->sent_in_all);
}

BOOST_AUTO_TEST_CASE(messages_that_are_sent_again_and_not_known_are_noticed) {
    ScriptedServer server{
        log_server([](auto& self, ScriptedLog& log, Client client, const std::string& frame, int) {
            const auto stored = log.store(frame);
            self.broadcast(stored.frame);  // a repeat, too
            self.send(client, stored.ack());
        })};
    Options options = with_acks();
    options.repeat = 25;
    const Report report = run_with(server, options);
    BOOST_TEST(problems(report) == "messages came twice\n");
    BOOST_TEST(report.traffic->duplicates == 5 * report.traffic->acks->repeats);
}

BOOST_AUTO_TEST_CASE(an_ack_that_does_not_say_that_it_is_of_a_repeat_is_noticed) {
    ScriptedServer server{
        log_server([](auto& self, ScriptedLog& log, Client client, const std::string& frame, int) {
            auto stored = log.store(frame);
            if (!stored.duplicate) {
                self.broadcast(stored.frame);
            }
            stored.duplicate = false;
            self.send(client, stored.ack());
        })};
    Options options = with_acks();
    options.repeat = 50;
    const Report report = run_with(server, options);
    BOOST_TEST(problems(report) ==
               "messages were sent again and not known, or known and not sent before\n");
    BOOST_TEST(report.traffic->acks->wrong_duplicates == report.traffic->acks->repeats);
}

BOOST_AUTO_TEST_CASE(a_sender_that_is_closed_leaves_nothing_to_wait_for) {
    ScriptedServer server{log_server(
        [](auto& self, ScriptedLog& log, Client client, const std::string& frame, int nth) {
            if (client == 0 && nth >= 5) {
                if (nth == 5) {
                    self.close(0, 1013);
                }
            } else {
                honest_delivery(self, log, client, frame, nth);
            }
        })};
    const Report report = run_with(server, with_acks());
    BOOST_TEST(problems(report) ==
               "connections were closed early\nacknowledged messages did not reach a member\n");
    BOOST_TEST(report.traffic->acks->unanswered == 0U);
    BOOST_TEST(report.traffic->drain_seconds < 4.0);
}

BOOST_AUTO_TEST_CASE(a_gap_that_is_announced_is_counted) {
    ScriptedServer server{log_server(
        [](auto& self, ScriptedLog& log, Client client, const std::string& frame, int nth) {
            honest_delivery(self, log, client, frame, nth);
            if (client == 0 && nth == 3) {
                self.send(2, history_frame({}, log.last(), R"("recovered":false)"));
            }
        })};
    const Report report = run_with(server, with_acks());
    BOOST_TEST(report.traffic->gaps == 1U);
}

BOOST_AUTO_TEST_CASE(the_report_has_the_acks) {
    ScriptedServer server{log_server(honest_delivery)};
    const Report report = run_with(server, with_acks());
    const auto json = boost::json::parse(boost::json::serialize(to_json(report)));
    BOOST_TEST(json.at_pointer("/settings/acks").as_bool());
    BOOST_TEST(json.at_pointer("/traffic/acks/acknowledged").to_number<int>() > 0);
    const auto& latency = json.at_pointer("/traffic/acks/latency").as_object();
    BOOST_TEST(latency.at("p99_ms").to_number<double>() > 0);
    BOOST_TEST(latency.at("p99_9_ms").to_number<double>() >=
               latency.at("p99_ms").to_number<double>());
    BOOST_TEST(json.at_pointer("/traffic/acks/check/refused").to_number<int>() == 0);
    BOOST_TEST(to_table(report).find("latency of acks") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
