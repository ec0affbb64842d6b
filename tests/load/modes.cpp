// The five modes from begin to end: open, warm up, measure, drain, close, report.
#include "modes.hpp"

#include "churn.hpp"
#include "delivery_report.hpp"
#include "recovery.hpp"
#include "swarm.hpp"
#include "traffic.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace load {

namespace {

/// The server's figures, if its process id is known, and the client's own processor time.
class Meter {
public:
    explicit Meter(Report& report) : report_{report} {
        if (report.options.pid > 0) {
            process_.emplace(report.options.pid, report.options.pid_children);
            report.server.emplace().before = process_->sample();
        }
    }

    void begin_window() {
        began_ = now();
        client_ = own_cpu_seconds();
        server_ = process_ ? process_->cpu_seconds() : std::nullopt;
    }

    void end_window() {
        report_.client_cpu_seconds = own_cpu_seconds() - client_;
        report_.window_seconds = seconds(now() - began_);
        if (!process_) {
            return;
        }
        const auto cpu = process_->cpu_seconds();
        if (cpu && server_) {
            report_.server->cpu_seconds = *cpu - *server_;
        } else {
            report_.notes.emplace_back("the server ended before the window did");
        }
        report_.server->during = process_->sample();
    }

    /// What the server holds when it has let go of all connections, or has had time enough.
    void finish(Swarm& swarm) {
        if (!process_) {
            return;
        }
        Watcher nobody;
        ServerFigures& server = *report_.server;
        const Nanoseconds deadline = now() + nanoseconds(report_.options.close_timeout);
        while ((server.after = process_->sample()) && server.before &&
               server.after->descriptors > server.before->descriptors && now() < deadline) {
            swarm.poll(now() + nanoseconds(0.05), nobody);
        }
    }

private:
    Report& report_;
    std::optional<ServerProcess> process_;
    std::optional<double> server_;
    double client_{};
    Nanoseconds began_{};
};

void judge_traffic(Report& report, const TrafficFigures& figures, std::size_t members_closed) {
    report.add_problem(members_closed, "connections were closed early");
    if (!report.interrupted) {
        report.add_problem(figures.lost,
                           figures.acks ? "acknowledged messages did not reach a member"
                                        : "messages were lost, or did not come within --drain");
    } else {
        report.notes.emplace_back("interrupted: what was on its way is counted as lost");
    }
    report.add_problem(figures.duplicates, "messages came twice");
    report.add_problem(figures.overtaken, "messages were overtaken by a later one");
    report.add_problem(figures.damaged, "messages were damaged");
    report.add_problem(figures.divergent, "members saw an order of their own");
    if (report.options.mode == Mode::echo) {
        report.add_problem(figures.foreign, "answers belonged to nobody's question");
    } else if (figures.foreign > 0) {
        report.notes.push_back(fmt::format("{} messages were not this run's", figures.foreign));
    }
    if (figures.gaps > 0) {
        report.notes.push_back(fmt::format("{} gaps were announced", figures.gaps));
    }
    if (figures.acks) {
        judge_acks(report, figures);
    }
    if (figures.not_sent > 0) {
        report.add_problem(figures.not_sent, "messages could not be sent at their time");
    }
    if (figures.order_unchecked > 0) {
        report.notes.push_back(
            fmt::format("the order of {} messages could not be checked", figures.order_unchecked));
    }
    report.add_problem(report.frames[static_cast<std::size_t>(Kind::unknown)],
                       "frames could not be understood");
}

void judge_leftovers(Report& report) {
    if (!report.server || !report.server->before) {
        return;
    }
    if (!report.server->after) {
        report.problems.emplace_back("the server is gone");
    } else if (report.server->after->descriptors > report.server->before->descriptors) {
        report.add_problem(report.server->after->descriptors - report.server->before->descriptors,
                           "descriptors were left behind in the server");
    }
}

}  // namespace

void Report::take_counts(const Swarm& swarm) {
    interrupted = swarm.interrupted();
    opening = swarm.opening();
    frames = swarm.frames();
    binary_frames = swarm.binary_frames();
    closes = swarm.closes();
    errors = swarm.errors();
    unanswered_closes = swarm.unanswered_closes();
    if (swarm.timed_out()) {
        problems.emplace_back("the run did not end within --timeout");
    }
}

Report run_traffic(const Options& options) {
    Report report{options};
    Meter meter{report};
    const std::size_t members = options.connections;
    const std::size_t all = members + options.stalled;
    Swarm swarm{options, all};
    Traffic traffic{options, swarm};
    const auto run_until = [&](Nanoseconds until, auto&& done) {
        while (!done() && now() < until && !swarm.interrupted() && traffic.anyone_left()) {
            const Nanoseconds next = options.rate > 0 ? traffic.send_due() : until;
            swarm.poll(std::min(until, next), traffic);
        }
    };
    const auto never = [] { return false; };

    const Nanoseconds began = now();
    swarm.open(0, members, traffic);
    report.opening_seconds = seconds(now() - began);
    constexpr int small_buffer = 4096;  // so that it takes little to fill it
    swarm.open(members, all, traffic, small_buffer);
    for (std::size_t i = members; i < all; ++i) {
        swarm.mute(swarm[i]);
    }

    traffic.begin();
    run_until(now() + nanoseconds(options.warm_up), never);
    meter.begin_window();
    traffic.begin_window();
    run_until(now() + nanoseconds(options.duration), never);
    traffic.end_window();
    meter.end_window();
    traffic.end();
    const TrafficFigures window = traffic.conclude();
    const Nanoseconds drain_began = now();
    run_until(drain_began + nanoseconds(options.drain), [&] { return traffic.drained(); });

    TrafficFigures& figures = traffic.conclude();
    figures.latency = window.latency;
    figures.drain_seconds = seconds(now() - drain_began);
    report.traffic = figures;
    report.interrupted = swarm.interrupted();
    std::size_t members_closed = 0;
    for (std::size_t i = 0; i < members; ++i) {
        members_closed += swarm[i].alive() ? 0U : 1U;
    }

    // What became of those that did not read is found in what they have not read.
    for (std::size_t i = members; i < all; ++i) {
        swarm.unmute(swarm[i]);
    }
    constexpr double patience = 2;
    run_until(now() + nanoseconds(patience),
              [&] { return figures.stalled_closed == options.stalled; });
    report.traffic->stalled_closed = figures.stalled_closed;
    report.traffic->stalled_codes = figures.stalled_codes;

    swarm.close(traffic);
    report.take_counts(swarm);
    meter.finish(swarm);
    judge_traffic(report, *report.traffic, members_closed);
    return report;
}

Report run_idle(const Options& options) {
    Report report{options};
    Meter meter{report};
    Swarm swarm{options, options.connections};
    Watcher watcher;
    const Nanoseconds began = now();
    swarm.open(0, options.connections, watcher);
    report.opening_seconds = seconds(now() - began);
    meter.begin_window();
    const Nanoseconds until = now() + nanoseconds(options.duration);
    while (now() < until && !swarm.interrupted()) {
        swarm.poll(until, watcher);
    }
    meter.end_window();
    const std::size_t closed = options.connections - swarm.ready_count();
    swarm.close(watcher);
    report.take_counts(swarm);
    meter.finish(swarm);
    if (!report.interrupted) {
        report.add_problem(closed, "connections were closed while they were held");
    }
    return report;
}

Report run_churn(const Options& options) {
    Report report{options};
    Meter meter{report};
    Swarm swarm{options, std::min(options.concurrency, options.connections)};
    Churn churn{options, swarm};
    meter.begin_window();
    churn.run();
    report.churn = churn.figures();
    meter.end_window();
    report.take_counts(swarm);
    report.opening_seconds = report.churn->seconds;
    meter.finish(swarm);
    judge_leftovers(report);
    report.add_problem(report.churn->failed, "connections failed");
    return report;
}

Report run_recovery(const Options& options) {
    Report report{options};
    const Missed missed = write_what_is_missed(options);
    Meter meter{report};
    const Options back = coming_back(options, missed.since);
    Swarm swarm{back, options.connections};
    Recovery recovery{back, swarm, missed};
    meter.begin_window();
    recovery.run();
    meter.end_window();
    report.opening_seconds = report.window_seconds;
    // What comes until the close is answered counts: nothing more may come.
    swarm.close(recovery);
    report.recovery = recovery.figures();
    report.take_counts(swarm);
    meter.finish(swarm);
    judge_recovery(report);
    return report;
}

Report run(const Options& options) {
    switch (options.mode) {
        case Mode::recover:
            return run_recovery(options);
        case Mode::idle:
            return run_idle(options);
        case Mode::churn:
            return run_churn(options);
        default:
            return run_traffic(options);
    }
}

}  // namespace load
