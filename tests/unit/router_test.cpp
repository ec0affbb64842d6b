// Registration of handlers: a mistake in it is found when the program starts.
#include "beastapi/router.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>

using beastapi::awaitable;
using beastapi::Request;
using beastapi::Response;
using beastapi::Router;
using beastapi::WebSocket;

namespace {

awaitable<Response> plain() {
    co_return beastapi::PlainTextResponse("x");
}
awaitable<Response> with_request(Request) {
    co_return beastapi::PlainTextResponse("x");
}
awaitable<Response> with_one(std::string) {
    co_return beastapi::PlainTextResponse("x");
}
awaitable<Response> with_bound(std::string, int) {
    co_return beastapi::PlainTextResponse("x");
}
awaitable<void> websocket_plain(WebSocket) {
    co_return;
}
awaitable<void> websocket_with_two(WebSocket, std::string, std::string) {
    co_return;
}
awaitable<void> websocket_with_bound(WebSocket, std::string, int&) {
    co_return;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(router)

BOOST_AUTO_TEST_CASE(a_handler_takes_as_many_parameters_as_its_path_has) {
    Router router;
    int bound = 0;
    BOOST_CHECK_NO_THROW(router.get("/", plain));
    BOOST_CHECK_NO_THROW(router.get("/request", with_request));
    BOOST_CHECK_NO_THROW(router.get("/one/{name}", with_one));
    BOOST_CHECK_NO_THROW(router.get("/bound/{name}", with_bound, 7));
    BOOST_CHECK_NO_THROW(router.websocket("/ws", websocket_plain));
    BOOST_CHECK_NO_THROW(router.websocket("/ws/{a}/{b}", websocket_with_two));
    BOOST_CHECK_NO_THROW(router.websocket("/ws/{name}", websocket_with_bound, bound));
    BOOST_TEST(router.routes().size() == 7U);
}

BOOST_AUTO_TEST_CASE(a_handler_that_does_not_fit_its_path_is_refused) {
    Router router;
    int bound = 0;
    BOOST_CHECK_THROW(router.get("/{name}", plain), std::invalid_argument);
    BOOST_CHECK_THROW(router.get("/", with_one), std::invalid_argument);
    BOOST_CHECK_THROW(router.get("/{a}/{b}", with_one), std::invalid_argument);
    BOOST_CHECK_THROW(router.get("/", with_bound, 7), std::invalid_argument);
    BOOST_CHECK_THROW(router.websocket("/ws/{name}", websocket_plain), std::invalid_argument);
    BOOST_CHECK_THROW(router.websocket("/ws/{a}", websocket_with_two), std::invalid_argument);
    BOOST_CHECK_THROW(router.websocket("/ws", websocket_with_bound, bound), std::invalid_argument);
    BOOST_TEST(router.routes().empty());
}

BOOST_AUTO_TEST_CASE(the_refusal_names_the_path_and_both_numbers) {
    Router router;
    try {
        router.websocket("/ws/chat/{username}", websocket_plain);
        BOOST_ERROR("it was not refused");
    } catch (const std::invalid_argument& error) {
        const std::string_view why = error.what();
        BOOST_TEST(why ==
                   "the path template '/ws/chat/{username}' has 1 parameters, "
                   "its handler takes 0");
    }
}

BOOST_AUTO_TEST_CASE(a_malformed_path_is_refused) {
    Router router;
    BOOST_CHECK_THROW(router.get("/{", plain), std::invalid_argument);
    BOOST_CHECK_THROW(router.websocket("ws", websocket_plain), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(routes_have_the_prefix_and_the_tags_of_their_router) {
    Router router({.prefix = "/api", .tags = {"Chat"}});
    router.get("/one", plain);
    router.get("/two", plain).tags({"Other"});
    const auto& one = router.routes().front();
    const auto& two = router.routes().back();
    BOOST_TEST(one.path().text() == "/api/one");
    BOOST_TEST(one.tags() == std::vector<std::string>{"Chat"}, boost::test_tools::per_element());
    BOOST_TEST(two.tags() == std::vector<std::string>{"Other"}, boost::test_tools::per_element());
    BOOST_TEST(!one.is_websocket());
}

BOOST_AUTO_TEST_CASE(a_router_takes_the_routes_of_another_over) {
    Router inner({.prefix = "/inner"});
    inner.websocket("/ws", websocket_plain);
    Router outer;
    outer.get("/", plain);
    outer.include_router(inner);
    BOOST_TEST_REQUIRE(outer.routes().size() == 2U);
    BOOST_TEST(outer.routes().back().path().text() == "/inner/ws");
    BOOST_TEST(outer.routes().back().is_websocket());
}

BOOST_AUTO_TEST_SUITE_END()
