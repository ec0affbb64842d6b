// Percent-encoding, query strings, HTTP dates, and comparison without case.
#include "beastapi/http/text.hpp"

#include "beastapi/net/foreign_text.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace beastapi::detail;
using namespace std::string_literals;
using std::chrono::system_clock;

namespace {

std::string decoded(std::string_view text) {
    return percent_decode(text).value_or("(malformed)");
}

/// Such as `a=1;b=2`, or "(malformed)".
std::string query(std::string_view text) {
    const auto params = parse_query(text);
    if (!params) {
        return "(malformed)";
    }
    std::string written;
    for (const auto& [name, value] : params->items()) {
        written.append(written.empty() ? "" : ";").append(name).append("=").append(value);
    }
    return written;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(percent_decoding_gives_the_bytes) {
    BOOST_TEST(decoded("") == "");
    BOOST_TEST(decoded("plain+text") == "plain+text");
    BOOST_TEST(decoded("%41%7a") == "Az");
    BOOST_TEST(decoded("%e5%B0%8f") == "小");
    BOOST_TEST(decoded("a%00b") == "a\0b"s);
    BOOST_TEST(decoded("%ff") == "\xFF");
    BOOST_TEST(decoded("%2541") == "%41");
}

BOOST_AUTO_TEST_CASE(malformed_percent_encoding_is_refused) {
    for (const char* const text :
         {"%", "a%", "%4", "%4g", "%g4", "%%41", "% 1", "%+1", "%-1", "%0x"}) {
        BOOST_TEST(decoded(text) == "(malformed)", text);
    }
}

BOOST_AUTO_TEST_CASE(what_may_not_stand_in_a_url_is_encoded) {
    BOOST_TEST(percent_encode_unsafe("/a/%41?b=c&d=~") == "/a/%41?b=c&d=~");
    BOOST_TEST(percent_encode_unsafe("a b\t\x7f") == "a%20b%09%7F");
    BOOST_TEST(percent_encode_unsafe("小") == "%E5%B0%8F");
    BOOST_TEST(percent_encode_unsafe("\0"s) == "%00");
}

BOOST_AUTO_TEST_CASE(what_browsers_send_raw_is_encoded) {
    BOOST_TEST(percent_encode_unsafe("/a|b^c{d}`e\"<>\\") == "/a%7Cb%5Ec%7Bd%7D%60e%22%3C%3E%5C");
}

BOOST_AUTO_TEST_CASE(a_query_has_a_bounded_number_of_parameters) {
    std::string most = "a";
    for (std::size_t i = 1; i < max_query_params; ++i) {
        most += "&a";
    }
    BOOST_TEST(parse_query(most).has_value());
    BOOST_TEST(!parse_query(most + "&a").has_value());
}

BOOST_AUTO_TEST_CASE(a_list_of_tokens_is_read_or_refused) {
    const auto items = [](std::string_view list) {
        return parse_token_list(list).value_or(std::vector<std::string_view>{"(malformed)"});
    };
    BOOST_TEST(items("").empty());
    BOOST_TEST((items("a") == std::vector<std::string_view>{"a"}));
    BOOST_TEST((items(" a ,,\tb,") == std::vector<std::string_view>{"a", "b"}));
    for (const char* const list : {"a b", "a;b", "a, \"b\"", "(", "a\r\nb"}) {
        BOOST_TEST(!parse_token_list(list).has_value(), list);
    }
    BOOST_TEST(list_contains("Accept, origin", "Origin"));
    BOOST_TEST(!list_contains("Accept", "Origin"));
    BOOST_TEST(is_token("X-One"));
    BOOST_TEST(!is_token(""));
    BOOST_TEST(!is_token("X-One "));
}

BOOST_AUTO_TEST_CASE(a_query_is_names_and_values) {
    BOOST_TEST(query("") == "");
    BOOST_TEST(query("a=1") == "a=1");
    BOOST_TEST(query("a=1&b=2&a=3") == "a=1;b=2;a=3");
    BOOST_TEST(query("a") == "a=");
    BOOST_TEST(query("a=") == "a=");
    BOOST_TEST(query("=1") == "=1");
    BOOST_TEST(query("a=b=c") == "a=b=c");
    BOOST_TEST(query("&&a=1&") == "a=1");
}

BOOST_AUTO_TEST_CASE(a_query_is_decoded_after_it_is_split) {
    BOOST_TEST(query("a+b=c+d") == "a b=c d");
    BOOST_TEST(query("a%3D1=b%26c") == "a=1=b&c");
    BOOST_TEST(query("a=1%2B1") == "a=1+1");
    BOOST_TEST(query("a=%") == "(malformed)");
    BOOST_TEST(query("%x=1") == "(malformed)");
}

BOOST_AUTO_TEST_CASE(an_http_date_is_as_in_rfc_9110) {
    BOOST_TEST(http_date(system_clock::from_time_t(784111777)) == "Sun, 06 Nov 1994 08:49:37 GMT");
    BOOST_TEST(http_date(system_clock::from_time_t(0)) == "Thu, 01 Jan 1970 00:00:00 GMT");
}

BOOST_AUTO_TEST_CASE(an_http_date_has_no_fraction_of_a_second) {
    using namespace std::chrono_literals;
    BOOST_TEST(http_date(system_clock::from_time_t(0) + 999ms) == "Thu, 01 Jan 1970 00:00:00 GMT");
}

BOOST_AUTO_TEST_CASE(an_http_date_is_read_back) {
    for (const std::time_t time : {0L, 784111777L, 951782400L, 1704110400L, 4102444799L}) {
        const auto point = system_clock::from_time_t(time);
        BOOST_TEST((parse_http_date(http_date(point)) == point), http_date(point));
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_http_date_is_not_read) {
    for (const char* const text : {"", "yesterday", "Sun, 06 Nov 1994", "Sun, 06 Nov 1994 08:49:37",
                                   "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 25:49:37 GMT"}) {
        BOOST_TEST(!parse_http_date(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_CASE(only_ascii_letters_lose_their_case) {
    BOOST_TEST(iequals("Content-Type", "content-TYPE"));
    BOOST_TEST(iequals("", ""));
    BOOST_TEST(!iequals("a", "ab"));
    BOOST_TEST(!iequals("[", "{"));
    BOOST_TEST(!iequals("@", "`"));
    BOOST_TEST(!iequals("Ä", "ä"));
}

BOOST_AUTO_TEST_SUITE_END()
