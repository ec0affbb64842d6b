#define BOOST_TEST_MODULE app
#include "app.hpp"
#include "beastapi/test_client.hpp"

#include <boost/test/unit_test.hpp>

using namespace beastapi;

BOOST_AUTO_TEST_CASE(it_greets_by_name) {
    App app;
    add_routes(app);
    TestClient client(app);
    TestResponse response = client.get("/hello/Ada");
    BOOST_TEST(response.status == 200);
    BOOST_TEST(response.json().at("message").as_string() == "Hello, Ada!");
}

BOOST_AUTO_TEST_CASE(it_echoes) {
    App app;
    add_routes(app);
    TestClient client(app);
    TestWebSocket websocket = client.websocket_connect("/ws");
    websocket.send_text("one");
    BOOST_TEST(websocket.receive_text() == "Echo: one");
}
