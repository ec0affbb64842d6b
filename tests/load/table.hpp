// What the parts of the report are written with: rows of a table, and JSON for figures.
#pragma once

#include "histogram.hpp"

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace load {

inline double ratio(double amount, double of) {
    return of > 0 ? amount / of : 0;
}

inline double ratio(std::uint64_t amount, double of) {
    return ratio(static_cast<double>(amount), of);
}

inline double milliseconds(Nanoseconds time) {
    return static_cast<double>(time) / 1e6;
}

inline boost::json::object latency_json(const Histogram& latency) {
    return {{"count", latency.count()},
            {"mean_ms", latency.mean() / 1e6},
            {"p50_ms", milliseconds(latency.percentile(50))},
            {"p90_ms", milliseconds(latency.percentile(90))},
            {"p99_ms", milliseconds(latency.percentile(99))},
            {"p99_9_ms", milliseconds(latency.percentile(99.9))},
            {"max_ms", milliseconds(latency.max())}};
}

template <class Map>
boost::json::object counts_json(const Map& counts) {
    boost::json::object result;
    for (const auto& [key, count] : counts) {
        result[fmt::format("{}", key)] = count;
    }
    return result;
}

/// Lines of a name and a value, in columns.
class Table {
public:
    template <class... Args>
    void row(std::string_view name, fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(text_), "{:<26}", name);
        fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
        text_ += '\n';
    }

    template <class Map>
    void counts(std::string_view name, const Map& counts) {
        for (const auto& [key, count] : counts) {
            row(name, "{:>12}  {}", count, key);
            name = "";
        }
    }

    void latency(std::string_view name, const Histogram& histogram) {
        row(name, "p50 {:.3f}  p90 {:.3f}  p99 {:.3f}  max {:.3f} ms",
            milliseconds(histogram.percentile(50)), milliseconds(histogram.percentile(90)),
            milliseconds(histogram.percentile(99)), milliseconds(histogram.max()));
    }

    std::string take() { return std::move(text_); }

private:
    std::string text_;
};

}  // namespace load
