// The five things the tool does.
#pragma once

#include "options.hpp"
#include "report.hpp"

namespace load {

/// Runs what the options say. Throws Failure if it cannot begin: no such process, too few files,
/// connections that do not open.
Report run(const Options& options);

Report run_traffic(const Options& options);  // echo and chat
Report run_idle(const Options& options);
Report run_churn(const Options& options);
Report run_recovery(const Options& options);

}  // namespace load
