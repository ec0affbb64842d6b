// What the operating system says of this process.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

namespace monitor {

/// As the clients of Prometheus name them: `process_cpu_seconds_total` and so on. What the system
/// doesn't tell is left out.
std::vector<prometheus::MetricFamily> process_metrics();

}  // namespace monitor
