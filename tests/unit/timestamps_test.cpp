// Points in time as the chat writes and reads them.
#include "chat/timestamps.hpp"

#include <boost/test/unit_test.hpp>

#include <ctime>
#include <regex>

using namespace std::chrono_literals;
using chat::is_rfc3339;
using chat::isoformat;
using chat::now_rfc3339;
using std::chrono::system_clock;

BOOST_AUTO_TEST_SUITE(timestamps)

BOOST_AUTO_TEST_CASE(now_is_now_in_utc_with_milliseconds) {
    const auto seconds = [](std::time_t time) {
        std::tm fields{};
        ::gmtime_r(&time, &fields);
        char text[32];
        return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &fields));
    };
    const std::time_t before = std::time(nullptr);
    const std::string now = now_rfc3339();
    const std::time_t after = std::time(nullptr);
    BOOST_TEST(std::regex_match(now, std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)")), now);
    BOOST_TEST(now.substr(0, 19) >= seconds(before));
    BOOST_TEST(now.substr(0, 19) <= seconds(after));
    BOOST_TEST(is_rfc3339(now));
}

BOOST_AUTO_TEST_CASE(isoformat_has_six_digits_of_a_second_and_no_offset) {
    const auto epoch = system_clock::from_time_t(0);
    BOOST_TEST(isoformat(epoch) == "1970-01-01T00:00:00.000000");
    BOOST_TEST(isoformat(epoch + 1us) == "1970-01-01T00:00:00.000001");
    BOOST_TEST(isoformat(epoch + 999'999us) == "1970-01-01T00:00:00.999999");
    BOOST_TEST(isoformat(system_clock::from_time_t(1704110400) + 123'456us) ==
               "2024-01-01T12:00:00.123456");
    BOOST_TEST(isoformat(system_clock::from_time_t(1709164800)) == "2024-02-29T00:00:00.000000");
}

BOOST_AUTO_TEST_CASE(the_examples_of_rfc_3339_are_read) {
    for (const char* const text :
         {"1985-04-12T23:20:50.52Z", "1996-12-19T16:39:57-08:00", "1990-12-31T23:59:60Z",
          "1990-12-31T15:59:60-08:00", "1937-01-01T12:00:27.87+00:20"}) {
        BOOST_TEST(is_rfc3339(text), text);
    }
}

BOOST_AUTO_TEST_CASE(what_browsers_and_python_write_is_read) {
    for (const char* const text :
         {"2024-01-01T12:00:00.123Z", "2024-01-01T12:00:00.123456+00:00", "2024-01-01 12:00:00Z",
          "2024-01-01t12:00:00z", "2024-02-29T00:00:00+23:59", "0000-01-01T00:00:00Z",
          "9999-12-31T23:59:59.999999999Z"}) {
        BOOST_TEST(is_rfc3339(text), text);
    }
}

BOOST_AUTO_TEST_CASE(anything_else_is_not) {
    for (const char* const text : {"",
                                   "now",
                                   "2024-01-01",
                                   "2024-01-01T12:00:00",
                                   "12:00:00Z",
                                   "2024-1-1T12:00:00Z",
                                   "2024-13-01T12:00:00Z",
                                   "2024-00-01T12:00:00Z",
                                   "2024-01-00T12:00:00Z",
                                   "2024-01-32T12:00:00Z",
                                   "2024-01-01T24:00:00Z",
                                   "2024-01-01T12:60:00Z",
                                   "2024-01-01T12:00:61Z",
                                   "2024-01-01T12:00Z",
                                   "2024-01-01T12:00:00.Z",
                                   "2024-01-01T12:00:00+24:00",
                                   "2024-01-01T12:00:00+00:60",
                                   "2024-01-01T12:00:00+0000",
                                   "2024-01-01T12:00:00+00",
                                   "2024-01-01T12:00:00ZZ",
                                   "2024-01-01T12:00:00Z ",
                                   " 2024-01-01T12:00:00Z",
                                   "2024-01-01_12:00:00Z",
                                   "2024/01/01T12:00:00Z",
                                   "02024-01-01T12:00:00Z",
                                   "-024-01-01T12:00:00Z",
                                   "2024-01-01T12:00:00,5Z"}) {
        BOOST_TEST(!is_rfc3339(text), text);
    }
}

BOOST_AUTO_TEST_CASE(a_day_that_its_month_does_not_have_is_not_a_date) {
    for (const char* const text :
         {"2024-02-30T12:00:00Z", "2023-02-29T12:00:00Z", "1900-02-29T12:00:00Z",
          "2024-04-31T12:00:00Z", "2024-06-31T12:00:00Z", "2024-09-31T12:00:00Z",
          "2024-11-31T12:00:00Z"}) {
        BOOST_TEST(!is_rfc3339(text), text);
    }
    BOOST_TEST(is_rfc3339("2000-02-29T12:00:00Z"));
    BOOST_TEST(is_rfc3339("2024-04-30T12:00:00Z"));
}

BOOST_AUTO_TEST_CASE(a_fraction_has_nine_digits_at_most) {
    BOOST_TEST(is_rfc3339("2024-01-01T12:00:00.123456789Z"));
    BOOST_TEST(!is_rfc3339("2024-01-01T12:00:00.1234567890Z"));
    BOOST_TEST(!is_rfc3339("2024-01-01T12:00:00." + std::string(60'000, '0') + "Z"));
}

BOOST_AUTO_TEST_SUITE_END()
