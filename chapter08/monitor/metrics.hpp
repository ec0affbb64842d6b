// The metrics of the server, in the model of Prometheus.
#pragma once

#include "monitor/sample.hpp"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace monitor {

/// What is not a worker's, but of all.
struct Whole {
    std::string version{};
    std::map<std::string, std::uint64_t> refusals{};  ///< by reason
    std::size_t users = 0;
    std::size_t rooms = 0;
    std::optional<Durations> commits{};  ///< of the database, where there's one
};

/// The names follow https://prometheus.io/docs/practices/naming/. What a worker counts has its
/// number as the label `worker`; Prometheus can add them up.
class Metrics final : public prometheus::Collectable {
public:
    Metrics(std::vector<Sample> workers, Whole whole)
        : workers_(std::move(workers)), whole_(std::move(whole)) {}

    std::vector<prometheus::MetricFamily> Collect() const override;

    /// All of them in Prometheus' text format.
    std::string text() const;
    static constexpr const char* content_type = "text/plain; version=0.0.4; charset=utf-8";

private:
    using Families = std::vector<prometheus::MetricFamily>;

    void add_whole(Families& families) const;
    void add_connections(Families& families) const;
    void add_traffic(Families& families) const;
    void add_times(Families& families) const;
    void add_log(Families& families) const;
    void add_hub(Families& families) const;
    void add_redis(Families& families) const;

    std::vector<Sample> workers_;
    Whole whole_;
};

}  // namespace monitor
