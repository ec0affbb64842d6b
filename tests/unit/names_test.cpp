// Which names users and rooms may have, at each boundary of the rule.
#include "chat/names.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using chat::normalize_name;
using namespace std::string_literals;

namespace {

std::string repeat(std::string_view text, std::size_t times) {
    std::string repeated;
    for (std::size_t i = 0; i < times; ++i) {
        repeated.append(text);
    }
    return repeated;
}

void check(bool valid, const std::string& name) {
    BOOST_TEST_CONTEXT("the name '" << name << "'") {
        BOOST_TEST(normalize_name(name).has_value() == valid);
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(names)

BOOST_AUTO_TEST_CASE(names_in_any_script_are_valid) {
    for (const auto& name : {"A"s, "Alice"s, "Alice B"s, "小明"s, "Ünïcödé"s, "Ольга"s,
                             "👩‍💻"s, "a/b"s, "%41"s, "<b>"s, "O'Neill"s, "\xC2\xA1"s}) {
        check(true, name);
    }
}

BOOST_AUTO_TEST_CASE(a_name_has_1_to_32_code_points_not_bytes) {
    check(false, "");
    check(true, repeat("a", 32));
    check(false, repeat("a", 33));
    check(true, repeat("明", 32));
    check(false, repeat("明", 33));
    check(true, repeat("😀", 32));
    check(false, repeat("😀", 33));
}

BOOST_AUTO_TEST_CASE(control_characters_are_refused_anywhere) {
    for (const auto& control : {"\0"s, "\x01"s, "\t"s, "\n"s, "\r"s, "\x1F"s, "\x7F"s, "\xC2\x80"s,
                                "\xC2\x85"s, "\xC2\x9F"s, "\xE2\x80\xA8"s, "\xE2\x80\xA9"s}) {
        check(false, control);
        check(false, "a" + control);
        check(false, control + "a");
        check(false, "a" + control + "b");
    }
}

BOOST_AUTO_TEST_CASE(blanks_are_refused_at_either_end_but_not_within) {
    // The White_Space of Unicode beyond the controls.
    for (const auto& blank : {" "s, "\u00A0"s, "\u1680"s, "\u2000"s, "\u2003"s, "\u200A"s,
                              "\u202F"s, "\u205F"s, "\u3000"s}) {
        check(false, blank);
        check(false, blank + "a");
        check(false, "a" + blank);
        check(true, "a" + blank + "b");
    }
}

BOOST_AUTO_TEST_CASE(what_is_not_utf_8_is_refused) {
    for (const auto& bytes :
         {"\x80"s, "\xBF"s, "a\xFF"s, "\xC0\xAF"s, "\xC1\xBF"s, "\xC3"s, "\xC3("s, "\xE0\x9F\xBF"s,
          "\xE4\xBD"s, "\xED\xA0\x80"s, "\xED\xBF\xBF"s, "\xF0\x8F\xBF\xBF"s, "\xF0\x9F\x98"s,
          "\xF4\x90\x80\x80"s, "\xF5\x80\x80\x80"s, "\xFE"s}) {
        check(false, bytes);
        check(false, "a" + bytes + "b");
    }
}

BOOST_AUTO_TEST_CASE(the_first_and_the_last_code_point_of_each_length_are_valid) {
    for (const auto& name : {"!"s, "~"s, "\u00A1"s, "\u07FF"s, "\u0800"s, "\uD7FF"s, "\uE000"s,
                             "\uFFFD"s, "\U00010000"s, "\U0010FFFF"s}) {
        check(true, name);
    }
}

BOOST_AUTO_TEST_SUITE_END()
