// JSON as people write it.
#include "beastapi/json.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <limits>
#include <string_view>

using beastapi::json_dumps;
namespace json = boost::json;

BOOST_AUTO_TEST_SUITE(json_text)

BOOST_AUTO_TEST_CASE(numbers_with_a_fraction_are_written_as_people_do) {
    BOOST_TEST(json_dumps(1.25) == "1.25");
    BOOST_TEST(json_dumps(0.1) == "0.1");
    BOOST_TEST(json_dumps(-1.5) == "-1.5");
    BOOST_TEST(json_dumps(30.0) == "30");
    BOOST_TEST(json_dumps(10) == "10");
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_back) {
    for (const std::string_view text :
         {R"({"a":[1,2.5,true,false,null,"x"],"b":{"c":{}},"d":[]})", R"("\"\\\n\u0001 小 😀")",
          "[]", "{}", "18446744073709551615", "-9223372036854775808", R"({"a\"b":1})"}) {
        const json::value value = json::parse(text);
        BOOST_TEST((json::parse(json_dumps(value)) == value), text);
    }
}

BOOST_AUTO_TEST_CASE(extreme_numbers_are_still_json) {
    for (const double number : {1e300, -1e-300, std::numeric_limits<double>::denorm_min(),
                                std::numeric_limits<double>::max(), 1e16, 123456789012345680.0}) {
        const json::value read = json::parse(json_dumps(number));
        BOOST_TEST(read.to_number<double>() == number);
    }
}

BOOST_AUTO_TEST_SUITE_END()
