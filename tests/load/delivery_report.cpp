// The parts of the report that are about acks, and about clients that came back.
#include "delivery_report.hpp"

namespace load {

boost::json::object acks_json(const TrafficFigures& figures) {
    const AckFigures& acks = *figures.acks;
    return {{"acknowledged", acks.acknowledged},
            {"acknowledged_per_second", ratio(acks.acknowledged, figures.seconds)},
            {"latency", latency_json(acks.latency)},
            {"check",
             {{"acknowledged", acks.acknowledged_in_all},
              {"repeats", acks.repeats},
              {"duplicates", acks.duplicates},
              {"refused", acks.refused},
              {"refusals", counts_json(acks.refusals)},
              {"unanswered", acks.unanswered},
              {"unasked", acks.unasked},
              {"wrong_duplicates", acks.wrong_duplicates},
              {"misnumbered", acks.misnumbered},
              {"disordered", acks.disordered},
              {"refused_delivered", acks.refused_delivered},
              {"losses_unchecked", acks.losses_unchecked}}}};
}

void acks_rows(Table& table, const TrafficFigures& figures) {
    const AckFigures& acks = *figures.acks;
    table.row("acknowledged", "{:>12}  {:.0f} a second, {} in all", acks.acknowledged,
              ratio(acks.acknowledged, figures.seconds), acks.acknowledged_in_all);
    table.latency("latency of acks", acks.latency);
    if (acks.repeats + acks.duplicates > 0) {
        table.row("known as duplicates", "{:>12}  {} were sent again", acks.duplicates,
                  acks.repeats);
    }
    table.row("refused", "{:>12}", acks.refused);
    table.counts("  errors", acks.refusals);
    table.row("unanswered", "{:>12}", acks.unanswered);
}

void judge_acks(Report& report, const TrafficFigures& figures) {
    const AckFigures& acks = *figures.acks;
    report.add_problem(acks.refused, "messages were refused");
    if (!report.interrupted) {
        report.add_problem(acks.unanswered, "messages were neither acknowledged nor refused");
    }
    report.add_problem(acks.unasked, "acks or errors were about no message that waited for one");
    report.add_problem(acks.wrong_duplicates,
                       "messages were sent again and not known, or known and not sent before");
    report.add_problem(acks.misnumbered, "acks had another number than the message");
    report.add_problem(acks.disordered, "messages came with a number that was not above the last");
    report.add_problem(acks.refused_delivered, "messages were refused, and delivered all the same");
    report.add_problem(acks.losses_unchecked,
                       "missing messages are too many to check which were acknowledged");
}

boost::json::object recovery_json(const Report& report) {
    const RecoveryFigures& recovery = *report.recovery;
    return {{"behind", recovery.behind},
            {"whole", recovery.whole},
            {"seconds", recovery.seconds},
            {"latency", latency_json(recovery.latency)},
            {"messages", recovery.messages},
            {"messages_per_second", ratio(recovery.messages, recovery.seconds)},
            {"check",
             {{"histories", recovery.histories},
              {"missing", recovery.missing},
              {"duplicates", recovery.duplicates},
              {"damaged", recovery.damaged},
              {"gaps", recovery.gaps},
              {"foreign", recovery.foreign}}}};
}

void recovery_rows(Table& table, const Report& report) {
    const RecoveryFigures& recovery = *report.recovery;
    table.row("behind", "{:>12}  messages each", recovery.behind);
    table.row("whole", "{:>12}  clients after {:.3f} s", recovery.whole, recovery.seconds);
    table.latency("from connect to whole", recovery.latency);
    table.row("messages", "{:>12}  {:.0f} a second, in {} histories", recovery.messages,
              ratio(recovery.messages, recovery.seconds), recovery.histories);
    table.row("missing", "{:>12}", recovery.missing);
    table.row("duplicates", "{:>12}", recovery.duplicates);
    table.row("damaged", "{:>12}", recovery.damaged);
    table.row("gaps announced", "{:>12}", recovery.gaps);
    if (recovery.foreign > 0) {
        table.row("of others", "{:>12}", recovery.foreign);
    }
}

void judge_recovery(Report& report) {
    const RecoveryFigures& recovery = *report.recovery;
    if (!report.interrupted) {
        report.add_problem(report.options.connections - recovery.whole,
                           "clients did not get what they had missed within --connect-timeout");
    }
    report.add_problem(recovery.missing, "messages were passed over");
    report.add_problem(recovery.duplicates, "messages came twice");
    report.add_problem(recovery.damaged, "messages or histories were damaged");
    report.add_problem(recovery.gaps, "gaps were announced");
}

}  // namespace load
