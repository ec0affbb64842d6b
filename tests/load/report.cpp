// What a run found out, as JSON for programs and as a table for people.
#include "report.hpp"

#include "delivery_report.hpp"
#include "swarm.hpp"
#include "table.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <string_view>

namespace load {

namespace {

namespace json = boost::json;

std::string_view name_of(Mode mode) {
    switch (mode) {
        case Mode::echo:
            return "echo";
        case Mode::chat:
            return "chat";
        case Mode::idle:
            return "idle";
        case Mode::recover:
            return "recover";
        default:
            return "churn";
    }
}

/// What one connection costs in KiB; negative if the server has less than before.
std::optional<double> kib_each(const Report& report, std::uint64_t ServerSample::* memory) {
    if (!report.server || !report.server->before || !report.server->during ||
        report.options.mode == Mode::churn) {
        return std::nullopt;
    }
    const auto before = static_cast<double>((*report.server->before).*memory);
    const auto during = static_cast<double>((*report.server->during).*memory);
    const auto connections = report.options.connections + report.options.stalled;
    return (during - before) / static_cast<double>(connections);
}

/// Connection attempts or deliveries: what the mode counts.
std::uint64_t work_done(const Report& report) {
    if (report.recovery) {
        return report.recovery->messages;
    }
    if (report.traffic) {
        return report.traffic->delivered;
    }
    if (report.churn) {
        return report.churn->polite + report.churn->torn + report.churn->torn_early;
    }
    return 0;
}

json::object frames_json(const Report& report) {
    json::object result;
    for (std::size_t i = 0; i < kinds; ++i) {
        if (report.frames[i] > 0) {
            result[load::name_of(static_cast<Kind>(i))] = report.frames[i];
        }
    }
    return result;
}

json::value sample_json(const std::optional<ServerSample>& sample) {
    if (!sample) {
        return nullptr;
    }
    return {{"rss_kib", sample->rss_kib},
            {"pss_kib", sample->pss_kib},
            {"peak_kib", sample->peak_kib},
            {"descriptors", sample->descriptors},
            {"threads", sample->threads}};
}

json::object settings_json(const Options& options) {
    return {{"connections", options.connections},
            {"senders", options.senders},
            {"window", options.window},
            {"payload", options.payload},
            {"rate", options.rate},
            {"binary", options.binary},
            {"acks", options.acks},
            {"repeat", options.repeat},
            {"stalled", options.stalled},
            {"concurrency", options.concurrency},
            {"warm_up", options.warm_up},
            {"duration", options.duration}};
}

json::object traffic_json(const Report& report) {
    const TrafficFigures& figures = *report.traffic;
    json::object result{{"sent", figures.sent},
                        {"delivered", figures.delivered},
                        {"sent_per_second", ratio(figures.sent, figures.seconds)},
                        {"delivered_per_second", ratio(figures.delivered, figures.seconds)},
                        {"latency", latency_json(figures.latency)},
                        {"longest_silence_ms", milliseconds(figures.longest_silence)},
                        {"drain_seconds", figures.drain_seconds},
                        {"check",
                         {{"sent", figures.sent_in_all},
                          {"delivered", figures.delivered_in_all},
                          {"lost", figures.lost},
                          {"lost_by_some", figures.lost_by_some},
                          {"duplicates", figures.duplicates},
                          {"overtaken", figures.overtaken},
                          {"damaged", figures.damaged},
                          {"foreign", figures.foreign},
                          {"not_sent", figures.not_sent},
                          {"gaps", figures.gaps}}}};
    if (figures.acks) {
        result["acks"] = acks_json(figures);
    }
    if (report.options.one_order) {
        result["one_order"] = {{"divergent_members", figures.divergent},
                               {"unchecked_messages", figures.order_unchecked}};
    }
    if (report.options.stalled > 0) {
        result["stalled"] = {{"closed", figures.stalled_closed},
                             {"codes", counts_json(figures.stalled_codes)}};
    }
    return result;
}

void traffic_rows(Table& table, const Report& report) {
    const TrafficFigures& figures = *report.traffic;
    table.row("sent", "{:>12}  {:.0f} a second", figures.sent,
              ratio(figures.sent, figures.seconds));
    table.row("delivered", "{:>12}  {:.0f} a second", figures.delivered,
              ratio(figures.delivered, figures.seconds));
    table.latency("latency", figures.latency);
    if (figures.acks) {
        acks_rows(table, figures);
    }
    table.row("longest silence", "{:>12.3f} ms, of one connection",
              milliseconds(figures.longest_silence));
    table.row("checked", "{:>12}  sent in all, {} delivered, drained in {:.3f} s",
              figures.sent_in_all, figures.delivered_in_all, figures.drain_seconds);
    table.row("lost", "{:>12}  {} of them by some members only", figures.lost,
              figures.lost_by_some);
    table.row("duplicates", "{:>12}", figures.duplicates);
    table.row("overtaken", "{:>12}", figures.overtaken);
    table.row("damaged", "{:>12}", figures.damaged);
    if (figures.gaps > 0) {
        table.row("gaps announced", "{:>12}", figures.gaps);
    }
    if (figures.foreign > 0) {
        table.row("of others", "{:>12}", figures.foreign);
    }
    if (report.options.rate > 0) {
        table.row("could not be sent", "{:>12}", figures.not_sent);
    }
    if (report.options.one_order) {
        table.row("orders of their own", "{:>12}  members", figures.divergent);
    }
    if (report.options.stalled > 0) {
        table.row("stalled readers", "{:>12}  {} closed by the server", report.options.stalled,
                  figures.stalled_closed);
        table.counts("  with code", figures.stalled_codes);
    }
}

void server_rows(Table& table, const Report& report) {
    const ServerFigures& server = *report.server;
    if (server.cpu_seconds) {
        table.row("server CPU", "{:>12.2f} s, {:.0f} % of a core", *server.cpu_seconds,
                  100 * ratio(*server.cpu_seconds, report.window_seconds));
        if (work_done(report) > 0 && *server.cpu_seconds > 0) {
            table.row("a second of server CPU", "{:>12.0f}  {}",
                      ratio(work_done(report), *server.cpu_seconds),
                      report.churn ? "connections" : "delivered");
        }
        if (report.traffic && report.traffic->acks && *server.cpu_seconds > 0) {
            table.row("", "{:>12.0f}  acknowledged",
                      ratio(report.traffic->acks->acknowledged, *server.cpu_seconds));
        }
    }
    const auto sample_row = [&table](std::string_view name,
                                     const std::optional<ServerSample>& sample) {
        if (sample) {
            table.row(name, "{:>12}  KiB resident, {} proportional, {} at most; {} descriptors",
                      sample->rss_kib, sample->pss_kib, sample->peak_kib, sample->descriptors);
        }
    };
    sample_row("server before", server.before);
    sample_row("server with connections", server.during);
    sample_row("server after", server.after);
    if (const auto rss = kib_each(report, &ServerSample::rss_kib)) {
        table.row("memory a connection", "{:>12.2f}  KiB resident, {:.2f} proportional", *rss,
                  kib_each(report, &ServerSample::pss_kib).value_or(0));
    }
}

}  // namespace

void Report::add_problem(std::uint64_t count, std::string_view what) {
    if (count > 0) {
        problems.push_back(fmt::format("{} {}", count, what));
    }
}

json::object to_json(const Report& report) {
    const Options& options = report.options;
    json::object result{
        {"mode", name_of(options.mode)},
        {"protocol", options.protocol == Protocol::websocket ? "websocket" : "socketio"},
        {"url", options.url.text},
        {"settings", settings_json(options)},
        {"ok", report.problems.empty()},
        {"interrupted", report.interrupted},
        {"window_seconds", report.window_seconds},
        {"opening",
         {{"seconds", report.opening_seconds},
          {"per_second", ratio(report.opening.count(), report.opening_seconds)},
          {"latency", latency_json(report.opening)}}},
        {"client",
         {{"cpu_seconds", report.client_cpu_seconds},
          {"cpu_share", ratio(report.client_cpu_seconds, report.window_seconds)}}}};
    if (report.traffic) {
        result["traffic"] = traffic_json(report);
    }
    if (report.recovery) {
        result["recovery"] = recovery_json(report);
    }
    if (report.churn) {
        const ChurnFigures& churn = *report.churn;
        result["churn"] = {{"seconds", churn.seconds},
                           {"started", churn.started},
                           {"polite", churn.polite},
                           {"torn", churn.torn},
                           {"torn_early", churn.torn_early},
                           {"failed", churn.failed},
                           {"per_second", ratio(work_done(report), churn.seconds)}};
    }
    if (report.server) {
        json::object server{{"pid", options.pid},
                            {"before", sample_json(report.server->before)},
                            {"during", sample_json(report.server->during)},
                            {"after", sample_json(report.server->after)}};
        if (const auto cpu = report.server->cpu_seconds) {
            server["cpu_seconds"] = *cpu;
            server["cpu_share"] = ratio(*cpu, report.window_seconds);
            server[report.churn ? "connections_per_cpu_second" : "delivered_per_cpu_second"] =
                ratio(work_done(report), *cpu);
            if (report.traffic && report.traffic->acks) {
                server["acknowledged_per_cpu_second"] =
                    ratio(report.traffic->acks->acknowledged, *cpu);
            }
        }
        if (const auto rss = kib_each(report, &ServerSample::rss_kib)) {
            server["rss_kib_per_connection"] = *rss;
            server["pss_kib_per_connection"] = kib_each(report, &ServerSample::pss_kib).value_or(0);
        }
        result["server"] = std::move(server);
    }
    result["frames"] = frames_json(report);
    result["binary_frames"] = report.binary_frames;
    result["closes"] = counts_json(report.closes);
    result["unanswered_closes"] = report.unanswered_closes;
    result["errors"] = counts_json(report.errors);
    result["problems"] = json::array(report.problems.begin(), report.problems.end());
    result["notes"] = json::array(report.notes.begin(), report.notes.end());
    return result;
}

std::string to_table(const Report& report) {
    const Options& options = report.options;
    Table table;
    table.row(name_of(options.mode), "{}", options.url.text);
    if (report.traffic) {
        table.row("connections", "{:>12}  {} senders, window {}, payload {} bytes",
                  options.connections, options.senders, options.window, options.payload);
    } else {
        const std::size_t at_a_time = report.recovery ? options.connections : options.concurrency;
        table.row("connections", "{:>12}  {} at a time while they open", options.connections,
                  at_a_time);
    }
    table.row("opened", "{:>12}  in {:.2f} s, {:.0f} a second", report.opening.count(),
              report.opening_seconds, ratio(report.opening.count(), report.opening_seconds));
    table.latency("from connect to ready", report.opening);
    table.row("measured", "{:>12.2f} s", report.window_seconds);
    if (report.traffic) {
        traffic_rows(table, report);
    }
    if (report.recovery) {
        recovery_rows(table, report);
    }
    if (report.churn) {
        const ChurnFigures& churn = *report.churn;
        table.row("connections a second", "{:>12.0f}", ratio(work_done(report), churn.seconds));
        table.row("closed politely", "{:>12}", churn.polite);
        table.row("torn", "{:>12}  {} of them in the handshake", churn.torn + churn.torn_early,
                  churn.torn_early);
        table.row("failed", "{:>12}", churn.failed);
    }
    table.row("client CPU", "{:>12.2f} s, {:.0f} % of a core", report.client_cpu_seconds,
              100 * ratio(report.client_cpu_seconds, report.window_seconds));
    if (report.server) {
        server_rows(table, report);
    }
    std::map<std::string_view, std::uint64_t> frames;
    for (std::size_t i = 0; i < kinds; ++i) {
        if (report.frames[i] > 0) {
            frames[load::name_of(static_cast<Kind>(i))] = report.frames[i];
        }
    }
    table.counts("frames in all", frames);
    table.counts("closed with code", report.closes);
    if (report.unanswered_closes > 0) {
        table.row("closes not answered", "{:>12}", report.unanswered_closes);
    }
    table.counts("errors", report.errors);
    for (const std::string& note : report.notes) {
        table.row("note", "{}", note);
    }
    for (const std::string& problem : report.problems) {
        table.row("PROBLEM", "{}", problem);
    }
    return table.take();
}

}  // namespace load
