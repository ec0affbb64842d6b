// Runs of recover, against a server that gives back exactly what was missed and some that don't.
#include "scripted_log.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace load;
using namespace load::test;

namespace {

Options coming_back_run() {
    Options options = short_run(Mode::recover);
    options.behind = 30;
    return options;
}

/// Runs against a server that makes of the messages behind a client what `change` makes of them.
template <class Change>
Report run_with_change(Change change) {
    ScriptedServer server{log_server(honest_delivery, [change](auto& self, ScriptedLog& log,
                                                               Client client, std::uint64_t since) {
        std::vector<std::string> messages = log.behind(since, 200);
        if (client == 3) {
            change(messages);
        }
        self.send(client, history_frame(messages, log.last(), R"("recovered":true)"));
    })};
    Options options = coming_back_run();
    options.connect_timeout = 2;
    return run_with(server, options);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(recovery)

BOOST_AUTO_TEST_CASE(clients_that_get_what_they_missed_are_whole) {
    for (const std::size_t page : {std::size_t{200}, std::size_t{7}}) {
        ScriptedServer server{
            log_server(honest_delivery,
                       [page](auto& self, ScriptedLog& log, Client client, std::uint64_t since) {
                           self.send(client, log.history(since, page));
                       })};
        const Report report = run_with(server, coming_back_run());
        BOOST_TEST(report.problems.empty());
        const RecoveryFigures& recovery = *report.recovery;
        BOOST_TEST(recovery.behind == 30U);
        BOOST_TEST(recovery.whole == 5U);
        BOOST_TEST(recovery.messages == 150U);
        BOOST_TEST(recovery.histories == (page == 200 ? 5U : 25U));
        BOOST_TEST(recovery.latency.count() == 5U);
        BOOST_TEST(recovery.seconds > 0.0);
        BOOST_TEST(report.closes.at(1000) == 5U);
    }
}

BOOST_AUTO_TEST_CASE(json_that_is_written_in_another_way_says_the_same) {
    const Report report = run_with_change([](std::vector<std::string>& messages) {
        for (std::string& message : messages) {
            message.insert(message.size() - 1, " ");
            message.insert(1, " ");
        }
    });
    BOOST_TEST(report.problems.empty());
}

BOOST_AUTO_TEST_CASE(a_message_that_is_left_out_is_missing) {
    const Report report = run_with_change(
        [](std::vector<std::string>& messages) { messages.erase(messages.begin() + 4); });
    BOOST_TEST(report.recovery->missing == 1U);
    BOOST_TEST(report.problems.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_message_that_comes_again_is_a_duplicate) {
    const Report report = run_with_change([](std::vector<std::string>& messages) {
        const std::string copy = messages[4];
        messages.insert(messages.begin() + 9, copy);
    });
    BOOST_TEST(report.recovery->duplicates == 1U);
    BOOST_TEST(report.problems.size() == 1U);
}

BOOST_AUTO_TEST_CASE(another_text_is_damage) {
    const Report report = run_with_change(
        [](std::vector<std::string>& messages) { messages[4][messages[4].find('#') + 40] = '?'; });
    BOOST_TEST(report.recovery->damaged == 1U);
    BOOST_TEST(report.problems.size() == 1U);
}

BOOST_AUTO_TEST_CASE(messages_that_change_places_are_noticed) {
    const Report report = run_with_change(
        [](std::vector<std::string>& messages) { std::swap(messages[4], messages[5]); });
    BOOST_TEST(report.recovery->missing == 1U);
    BOOST_TEST(report.recovery->duplicates == 1U);
}

BOOST_AUTO_TEST_CASE(who_does_not_get_the_end_is_not_whole) {
    const Report report =
        run_with_change([](std::vector<std::string>& messages) { messages.pop_back(); });
    BOOST_TEST(report.recovery->whole == 4U);
    BOOST_TEST(report.problems.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_page_that_brings_nothing_is_not_asked_for_again) {
    int asked = 0;
    ScriptedServer server{log_server(
        honest_delivery, [&](auto& self, ScriptedLog& log, Client client, std::uint64_t) {
            ++asked;
            self.send(client, history_frame({}, log.last(), R"("recovered":true,"more":true)"));
        })};
    Options options = coming_back_run();
    options.connect_timeout = 0.5;
    const Report report = run_with(server, options);
    BOOST_TEST(report.recovery->whole == 0U);
    BOOST_TEST(report.problems.size() == 1U);
    BOOST_TEST(asked == 5);
}

BOOST_AUTO_TEST_CASE(a_gap_is_a_problem) {
    ScriptedServer server{log_server(
        honest_delivery, [](auto& self, ScriptedLog& log, Client client, std::uint64_t since) {
            const bool gap = client == 2;
            self.send(client, history_frame(log.behind(gap ? since + 10 : since, 200), log.last(),
                                            gap ? R"("recovered":false,"reason":"trimmed")"
                                                : R"("recovered":true)"));
        })};
    const Report report = run_with(server, coming_back_run());
    BOOST_TEST(report.recovery->gaps == 1U);
    BOOST_TEST(report.recovery->missing == 10U);
    BOOST_TEST(report.problems.size() == 2U);
}

BOOST_AUTO_TEST_CASE(what_comes_behind_the_recovery_counts) {
    ScriptedServer server{log_server(
        honest_delivery, [](auto& self, ScriptedLog& log, Client client, std::uint64_t since) {
            honest_recovery(self, log, client, since);
            self.send(client, log.behind(log.last() - 1, 1).front());
        })};
    const Report report = run_with(server, coming_back_run());
    BOOST_TEST(report.recovery->whole == 5U);
    BOOST_TEST(report.recovery->duplicates == 5U);
}

BOOST_AUTO_TEST_CASE(a_server_without_a_log_is_told_apart) {
    ScriptedServer server{chat(honest_chat)};
    BOOST_CHECK_EXCEPTION(run_with(server, coming_back_run()), Failure, [](const Failure& failure) {
        return std::string_view{failure.what()}.find("has no log") != std::string_view::npos;
    });
}

BOOST_AUTO_TEST_CASE(a_refusal_of_what_is_to_be_missed_is_a_failure) {
    ScriptedServer server{
        log_server([](auto& self, ScriptedLog&, Client client, const std::string& frame, int) {
            self.send(client, refusal(field(frame, "id"), "rate_limited"));
        })};
    BOOST_CHECK_EXCEPTION(run_with(server, coming_back_run()), Failure, [](const Failure& failure) {
        return std::string_view{failure.what()}.ends_with("rate_limited");
    });
}

BOOST_AUTO_TEST_CASE(the_report_has_the_recovery) {
    ScriptedServer server{log_server(honest_delivery)};
    const Report report = run_with(server, coming_back_run());
    const auto json = boost::json::parse(boost::json::serialize(to_json(report)));
    BOOST_TEST(json.at_pointer("/recovery/whole").to_number<int>() == 5);
    BOOST_TEST(json.at_pointer("/recovery/check/missing").to_number<int>() == 0);
    BOOST_TEST(json.at_pointer("/recovery/seconds").to_number<double>() > 0);
    BOOST_TEST(to_table(report).find("from connect to whole") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
