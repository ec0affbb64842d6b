// Makes metrics of Prometheus from plain numbers.
#pragma once

#include "monitor/histogram.hpp"

#include <prometheus/metric_family.h>

#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace monitor {

using Labels = std::vector<prometheus::ClientMetric::Label>;

inline prometheus::MetricFamily family(prometheus::MetricType type, std::string name,
                                       std::string help) {
    return {std::move(name), std::move(help), type, {}};
}

inline void add_counter(prometheus::MetricFamily& family, Labels labels, double value) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    metric.counter.value = value;
    family.metric.push_back(std::move(metric));
}

inline void add_gauge(prometheus::MetricFamily& family, Labels labels, double value) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    metric.gauge.value = value;
    family.metric.push_back(std::move(metric));
}

/// `units`: how many of what the histogram counts in make one of the metric: 1e9 ns are a second.
template <class Histogram>
void add_histogram(prometheus::MetricFamily& family, Labels labels, const Histogram& histogram,
                   double units) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < histogram.counts().size(); ++i) {
        count += histogram.counts().at(i);
        const bool is_last = i == Histogram::bound_count;
        metric.histogram.bucket.push_back(
            {count, is_last ? std::numeric_limits<double>::infinity()
                            : static_cast<double>(Histogram::bound(i)) / units});
    }
    metric.histogram.sample_count = count;
    metric.histogram.sample_sum = static_cast<double>(histogram.sum()) / units;
    family.metric.push_back(std::move(metric));
}

inline prometheus::MetricFamily counter(std::string name, std::string help, double value) {
    auto one = family(prometheus::MetricType::Counter, std::move(name), std::move(help));
    add_counter(one, {}, value);
    return one;
}

inline prometheus::MetricFamily gauge(std::string name, std::string help, double value) {
    auto one = family(prometheus::MetricType::Gauge, std::move(name), std::move(help));
    add_gauge(one, {}, value);
    return one;
}

}  // namespace monitor
