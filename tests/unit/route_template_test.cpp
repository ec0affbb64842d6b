// Path templates: what fits, what does not, and what is refused at start-up.
#include "beastapi/http/route_template.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>

using beastapi::detail::RouteTemplate;

namespace {

/// The value of `{name}` when `path` is matched, or "(no match)".
std::string match(std::string_view text, std::string_view path, std::string_view name = "name") {
    const auto params = RouteTemplate(text).match(path);
    return params ? std::string(params->get(name).value_or("(no such parameter)")) : "(no match)";
}

bool matches(std::string_view text, std::string_view path) {
    return RouteTemplate(text).match(path).has_value();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(route_template)

BOOST_AUTO_TEST_CASE(a_template_without_parameters_matches_its_own_text) {
    BOOST_TEST(matches("/", "/"));
    BOOST_TEST(matches("/ws/chat", "/ws/chat"));
    BOOST_TEST(RouteTemplate("/ws/chat").parameters().empty());
    BOOST_TEST(RouteTemplate("/ws/chat").text() == "/ws/chat");
}

BOOST_AUTO_TEST_CASE(longer_and_shorter_paths_do_not_match) {
    BOOST_TEST(!matches("/ws/chat", "/ws"));
    BOOST_TEST(!matches("/ws/chat", "/ws/chatter"));
    BOOST_TEST(!matches("/ws/chat", "/ws/cha"));
    BOOST_TEST(!matches("/ws/chat", "/ws/chat/"));
    BOOST_TEST(!matches("/ws/chat", "/ws//chat"));
    BOOST_TEST(!matches("/ws/chat", "/"));
    BOOST_TEST(!matches("/ws/chat", ""));
    BOOST_TEST(!matches("/ws/chat", "ws/chat"));
    BOOST_TEST(!matches("/", ""));
    BOOST_TEST(!matches("/", "//"));
}

BOOST_AUTO_TEST_CASE(letters_are_compared_with_their_case) {
    BOOST_TEST(!matches("/ws", "/WS"));
}

BOOST_AUTO_TEST_CASE(a_parameter_is_one_segment) {
    BOOST_TEST(match("/ws/chat/{name}", "/ws/chat/Alice") == "Alice");
    BOOST_TEST(match("/ws/chat/{name}", "/ws/chat/Alice/heartbeat") == "(no match)");
    BOOST_TEST(match("/ws/chat/{name}/heartbeat", "/ws/chat/Alice/heartbeat") == "Alice");
    BOOST_TEST(match("/ws/chat/{name}/heartbeat", "/ws/chat/Alice/heartbeat/") == "(no match)");
}

BOOST_AUTO_TEST_CASE(a_parameter_is_not_empty) {
    BOOST_TEST(match("/ws/chat/{name}", "/ws/chat/") == "(no match)");
    BOOST_TEST(match("/ws/chat/{name}/heartbeat", "/ws/chat//heartbeat") == "(no match)");
}

BOOST_AUTO_TEST_CASE(several_parameters_keep_their_order) {
    const RouteTemplate route("/{room}/with/{name}");
    const auto params = route.match("/cpp/with/Bob");
    BOOST_TEST_REQUIRE(params.has_value());
    BOOST_TEST_REQUIRE(params->items().size() == 2U);
    BOOST_TEST(params->items()[0].first == "room");
    BOOST_TEST(params->items()[0].second == "cpp");
    BOOST_TEST(params->items()[1].first == "name");
    BOOST_TEST(params->items()[1].second == "Bob");
    const std::vector<std::string> names{"room", "name"};
    BOOST_TEST(route.parameters() == names, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(values_are_percent_decoded) {
    BOOST_TEST(match("/{name}", "/Alice%20B") == "Alice B");
    BOOST_TEST(match("/{name}", "/%e5%B0%8F%e6%98%8E") == "小明");
    BOOST_TEST(match("/{name}", "/a+b") == "a+b");
    BOOST_TEST(match("/{name}", "/%2525") == "%25");
}

BOOST_AUTO_TEST_CASE(an_encoded_slash_is_part_of_a_value) {
    BOOST_TEST(match("/ws/chat/{name}", "/ws/chat/a%2Fb") == "a/b");
    BOOST_TEST(match("/ws/chat/{name}", "/ws/chat/a%2fheartbeat") == "a/heartbeat");
    BOOST_TEST(match("/ws/chat/{name}/heartbeat", "/ws/chat/a%2Fheartbeat") == "(no match)");
}

BOOST_AUTO_TEST_CASE(a_literal_may_be_encoded_too) {
    BOOST_TEST(matches("/ws/chat", "/ws/%63hat"));
    BOOST_TEST(!matches("/ws/chat", "/ws%2Fchat"));
}

BOOST_AUTO_TEST_CASE(malformed_encoding_does_not_match) {
    BOOST_TEST(!matches("/{name}", "/%"));
    BOOST_TEST(!matches("/{name}", "/%4"));
    BOOST_TEST(!matches("/{name}", "/%4g"));
    BOOST_TEST(!matches("/{name}", "/%-1"));
}

BOOST_AUTO_TEST_CASE(malformed_templates_are_refused) {
    for (const char* const text :
         {"", "ws", "{name}", "/{", "/}", "/{}", "/{name", "/name}", "/a{name}", "/{name}b",
          "/{a}{b}", "/{{name}}", "/{a/b}", "/{name}/{name}", "/}{"}) {
        BOOST_TEST_CONTEXT("the template " << text) {
            BOOST_CHECK_THROW(RouteTemplate{text}, std::invalid_argument);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_refusal_says_which_template_and_why) {
    try {
        const RouteTemplate route("/ws/{name}/{name}");
        BOOST_ERROR("it was not refused");
    } catch (const std::invalid_argument& error) {
        const std::string_view why = error.what();
        BOOST_TEST(why.find("/ws/{name}/{name}") != std::string_view::npos);
        BOOST_TEST(why.find("twice") != std::string_view::npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()
