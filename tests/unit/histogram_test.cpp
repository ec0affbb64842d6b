// The histograms of the monitor: which bucket a value is in.
#include "monitor/histogram.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>
#include <vector>

using namespace std::chrono_literals;

namespace {

/// Bounds 10, 20 and 40.
using Small = monitor::Histogram<10, 3>;

std::vector<std::uint64_t> counts_of(const std::vector<std::uint64_t>& values) {
    Small histogram;
    for (const std::uint64_t value : values) {
        histogram.observe(value);
    }
    return {histogram.counts().begin(), histogram.counts().end()};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(histogram)

BOOST_AUTO_TEST_CASE(a_bound_is_the_last_value_of_its_bucket) {
    const std::vector<std::uint64_t> each{1, 1, 1, 1};
    BOOST_TEST(counts_of({10, 20, 40, 41}) == each);
    BOOST_TEST(counts_of({0, 11, 21, std::numeric_limits<std::uint64_t>::max()}) == each);
    const std::vector<std::uint64_t> lowest{3, 0, 0, 0};
    BOOST_TEST(counts_of({0, 1, 9}) == lowest);
    BOOST_TEST(Small::bound(0) == 10U);
    BOOST_TEST(Small::bound(2) == 40U);
}

BOOST_AUTO_TEST_CASE(it_knows_the_sum) {
    Small histogram;
    histogram.observe(7);
    histogram.observe(100);
    BOOST_TEST(histogram.sum() == 107U);
}

BOOST_AUTO_TEST_CASE(durations_count_in_nanoseconds_and_none_is_negative) {
    monitor::Durations durations;
    durations.observe(25us);
    durations.observe(-1s);
    durations.observe(1h);
    BOOST_TEST(durations.counts().front() == 2U);
    BOOST_TEST(durations.counts().back() == 1U);
    BOOST_TEST(durations.sum() == 3'600'000'025'000U);
}

BOOST_AUTO_TEST_SUITE_END()
