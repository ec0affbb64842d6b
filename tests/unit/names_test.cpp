// Which names users and rooms may have, at each boundary of the rules, and which are one name.
#include "chat/names.hpp"

#include <boost/test/unit_test.hpp>

#include <initializer_list>
#include <random>
#include <string>

using chat::name_key;
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

void check_refused_anywhere(std::initializer_list<std::string> code_points) {
    for (const auto& code_point : code_points) {
        check(false, code_point);
        check(false, code_point + "a");
        check(false, "a" + code_point);
        check(false, "a" + code_point + "b");
    }
}

/// Whether two names, as somebody may write them, are one.
bool same(const std::string& one, const std::string& other) {
    const auto first = normalize_name(one);
    const auto second = normalize_name(other);
    return first && second && name_key(*first) == name_key(*second);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(names)

BOOST_AUTO_TEST_CASE(names_in_any_script_are_valid) {
    for (const auto& name :
         {"A"s,     "Alice"s, "Alice B"s, "小明"s,      "王 小明"s, "Ünïcödé"s, "Ольга"s,  "Αλίκη"s,
          "עליזה"s, "علي"s,   "हिन्दी"s,   "ประเทศไทย"s, "김철수"s,  "さくら"s,  "👩"s,     "👍🏽"s,
          "🇹🇼"s,    "a/b"s,   "%41"s,     "<b>"s,       "O'Neill"s, "١٢٣"s,     "\u00A1"s, "€"s}) {
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

BOOST_AUTO_TEST_CASE(code_points_are_counted_after_normalisation) {
    check(true, repeat("e\u0301", 32));
    check(false, repeat("e\u0301", 33));
    // The most code points that become one: alpha with three marks.
    const std::string four = "\u03B1\u0313\u0300\u0345";
    BOOST_TEST(normalize_name(repeat(four, 32)).value() == repeat("\u1F82", 32));
    check(false, repeat(four, 33));
    // Excluded from composition: one code point becomes two.
    BOOST_TEST(normalize_name(repeat("\u0958", 16)).value() == repeat("\u0915\u093C", 16));
    check(false, repeat("\u0958", 17));
}

BOOST_AUTO_TEST_CASE(a_name_is_given_back_in_normalization_form_c) {
    BOOST_TEST(normalize_name("Ame\u0301lie").value() == "Am\u00E9lie");
    BOOST_TEST(normalize_name("\u212B").value() == "\u00C5");
    BOOST_TEST(normalize_name("\u1112\u1161\u11AB").value() == "\uD55C");
    BOOST_TEST(normalize_name("Ａlice").value() == "Ａlice", "compatibility variants stay");
}

BOOST_AUTO_TEST_CASE(control_characters_are_refused) {
    check_refused_anywhere({"\0"s, "\x01", "\t", "\n", "\r", "\x1F", "\x7F", "\u0080", "\u0085",
                            "\u009F", "\u2028", "\u2029"});
}

BOOST_AUTO_TEST_CASE(what_turns_the_text_around_is_refused) {
    check_refused_anywhere({"\u061C", "\u200E", "\u200F", "\u202A", "\u202B", "\u202C", "\u202D",
                            "\u202E", "\u2066", "\u2067", "\u2068", "\u2069"});
}

BOOST_AUTO_TEST_CASE(what_has_no_width_is_refused) {
    check_refused_anywhere({
        "\u00AD",                                  // soft hyphen
        "\u034F",                                  // combining grapheme joiner
        "\u180E",                                  // Mongolian vowel separator
        "\u200B",     "\u200C",     "\u200D",      // zero-width space, non-joiner, joiner
        "\u2060",     "\u2064",     "\uFEFF",      // word joiner, invisible plus, byte order mark
        "\u206A",     "\u206F",                    // deprecated format characters
        "\uFFF9",     "\U0001D173",                // interlinear annotation, beginning of a beam
        "\U000E0001", "\U000E0041",                // tags
        "\uFE00",     "\uFE0F",     "\U000E0100",  // variation selectors
        "\u180B",     "\u17B4",  // Mongolian variation selector, Khmer inherent vowel
    });
    check(false, "👩\u200D💻");
    check(false, "❤\uFE0F");
    check(true, "❤");
}

BOOST_AUTO_TEST_CASE(letters_and_symbols_that_are_drawn_as_nothing_are_refused) {
    check_refused_anywhere({
        "\u115F", "\u1160", "\u3164", "\uFFA0",    // Hangul fillers
        "\u2800", "\uFFFC",                        // braille blank, object replacement
        "\U0001D159", "\U00013441", "\U00016FE4",  // null notehead, full blank, Khitan filler
    });
}

BOOST_AUTO_TEST_CASE(private_and_unassigned_code_points_are_refused) {
    check_refused_anywhere({"\uE000", "\uF8FF", "\U000F0000", "\U0010FFFD",  // private
                            "\u0378", "\U000E0FFF",                          // unassigned
                            "\uFDD0", "\uFFFE", "\uFFFF", "\U0010FFFF"});    // noncharacters
}

BOOST_AUTO_TEST_CASE(the_only_blank_is_the_space_a_single_one_and_inside) {
    check(false, " ");
    check(false, " a");
    check(false, "a ");
    check(true, "a b");
    check(true, "a b c");
    check(false, "a  b");
    // The White_Space of Unicode beyond the controls.
    check_refused_anywhere(
        {"\u00A0", "\u1680", "\u2000", "\u2003", "\u200A", "\u202F", "\u205F", "\u3000"});
}

BOOST_AUTO_TEST_CASE(a_name_begins_with_no_mark) {
    check(false, "\u0301");
    check(false, "\u0301a");
    check(false, "\u0903a");  // one that takes room
    check(false, "\u20DDa");  // one that encloses
    check(true, "a\u0903");
    check(true, "x\u0301");
}

BOOST_AUTO_TEST_CASE(marks_are_not_piled_up) {
    const std::string four = "\u0316\u0317\u0323\u0324";
    check(true, "x" + four);
    check(false, "x" + four + "\u0325");
    check(true, "x" + four + "x\u0325");
    check(false, "x\u0323\u0323");
    check(true, "x\u0323x\u0323");
    check(false, "\u00E9\u0301\u0301");
}

BOOST_AUTO_TEST_CASE(what_is_not_utf_8_is_refused) {
    for (const auto& bytes :
         {"\x80"s, "\xBF"s, "a\xFF"s, "\xC0\xAF"s, "\xC1\xBF"s, "\xC3"s, "\xC3("s, "\xE0\x9F\xBF"s,
          "\xE4\xBD"s, "\xED\xA0\x80"s, "\xED\xBF\xBF"s, "\xF0\x8F\xBF\xBF"s, "\xF0\x9F\x98"s,
          "\xF4\x90\x80\x80"s, "\xF5\x80\x80\x80"s, "\xFE"s}) {
        check(false, bytes);
        check(false, "a" + bytes);
        check(false, "a" + bytes + "b");
    }
}

BOOST_AUTO_TEST_CASE(the_first_and_the_last_that_can_be_seen_of_each_length_are_valid) {
    for (const auto& name : {"!"s, "~"s, "\u00A1"s, "\u07C0"s, "\u0840"s, "\uD7A3"s, "\uFFFD"s,
                             "\U00010000"s, "\U0003134A"s}) {
        check(true, name);
    }
}

BOOST_AUTO_TEST_CASE(names_that_differ_in_case_width_or_form_are_one) {
    BOOST_TEST(same("alice", "Alice"));
    BOOST_TEST(same("Alice", "ALICE"));
    BOOST_TEST(same("Alice", "Ａｌｉｃｅ"));
    BOOST_TEST(same("Am\u00E9lie", "AME\u0301LIE"));
    BOOST_TEST(same("Straße", "STRASSE"));
    BOOST_TEST(same("ﬁona", "Fiona"));
    BOOST_TEST(same("𝓐lice", "alice"));
    BOOST_TEST(same("①", "1"));
    BOOST_TEST(same("ｶﾞ", "ガ"));
    BOOST_TEST(same("ΣΊΣΥΦΟΣ", "σίσυφος"));
    BOOST_TEST(same("Ⅷ", "viii"));
}

BOOST_AUTO_TEST_CASE(other_names_are_not) {
    BOOST_TEST(!same("Alice", "Alicia"));
    BOOST_TEST(!same("Alice", "Al ice"));
    BOOST_TEST(!same("Amelie", "Amélie"));
    BOOST_TEST(!same("小明", "小名"));
    BOOST_TEST(!same("0", "O"));
    BOOST_TEST(!same("Alice", "Аlice"), "the second begins with a Cyrillic letter");
}

BOOST_AUTO_TEST_CASE(the_key_of_a_key_is_the_key) {
    for (const auto& name : {"Alice"s, "ﷺ"s, "ǅ"s, "İstanbul"s, "¨"s, "ẞ"s, "ﾞ"s}) {
        const std::string key = name_key(normalize_name(name).value());
        BOOST_TEST(name_key(key) == key);
    }
}

BOOST_AUTO_TEST_CASE(no_bytes_are_too_strange_and_a_name_is_its_own_normal_form) {
    std::mt19937 random(1);
    std::uniform_int_distribution<int> length(0, 200);
    std::uniform_int_distribution<int> kind(0, 3);
    std::uniform_int_distribution<std::uint32_t> any(0, 0x10FFFF);
    int names = 0;
    for (int i = 0; i < 20000; ++i) {
        std::string text;
        for (int left = length(random) % (1 + length(random) / 5); left > 0; --left) {
            const std::uint32_t value = any(random);
            if (kind(random) == 0) {
                text.push_back(static_cast<char>(value & 0xFFU));
            } else {
                // Two bytes: letters and marks of Europe and the Near East.
                text.push_back(static_cast<char>(0xC2U + value % 0x1BU));
                text.push_back(static_cast<char>(0x80U + (value >> 8U) % 0x40U));
            }
        }
        if (const auto name = normalize_name(text)) {
            ++names;
            BOOST_TEST(normalize_name(*name).value() == *name);
            BOOST_TEST(!name_key(*name).empty());
        }
    }
    BOOST_TEST(names > 100);
    BOOST_TEST(!normalize_name(std::string(1U << 24U, 'a')));
}

BOOST_AUTO_TEST_SUITE_END()
