#include "app.hpp"
#include "beastapi/test_client.hpp"

#include <boost/test/unit_test.hpp>

using namespace beastapi;

BOOST_AUTO_TEST_SUITE(live_poll)

// [test]
BOOST_AUTO_TEST_CASE(everybody_sees_each_vote) {
    App app;
    Poll poll;
    add_routes(app, poll);
    TestClient client(app);
    TestWebSocket alice = client.websocket_connect("/ws");
    TestWebSocket bob = client.websocket_connect("/ws");
    BOOST_TEST(alice.receive_text() == R"({"coffee":0,"tea":0})");
    BOOST_TEST(bob.receive_text() == R"({"coffee":0,"tea":0})");
    BOOST_TEST(client.post("/votes", R"({"choice":"tea"})").status == 200);
    BOOST_TEST(alice.receive_text() == R"({"coffee":0,"tea":1})");
    BOOST_TEST(bob.receive_text() == R"({"coffee":0,"tea":1})");
}

BOOST_AUTO_TEST_CASE(a_vote_that_does_not_count_says_why) {
    App app;
    Poll poll;
    add_routes(app, poll);
    TestClient client(app);
    BOOST_TEST(client.post("/votes", R"({"choice":"beer"})").status == 404);
    BOOST_TEST(client.post("/votes", "tea").status == 422);
}
// [/test]

BOOST_AUTO_TEST_SUITE_END()
