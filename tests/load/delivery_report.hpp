// The parts of the report that are about acks, and about clients that came back.
#pragma once

#include "report.hpp"
#include "table.hpp"

#include <boost/json/object.hpp>

namespace load {

boost::json::object acks_json(const TrafficFigures& figures);
boost::json::object recovery_json(const Report& report);
void acks_rows(Table& table, const TrafficFigures& figures);
void recovery_rows(Table& table, const Report& report);

/// Puts what must not be into the report's problems.
void judge_acks(Report& report, const TrafficFigures& figures);
void judge_recovery(Report& report);

}  // namespace load
