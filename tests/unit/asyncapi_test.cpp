// The description of the WebSocket endpoints that is generated from the routes and the frames.
#include "beastapi/asyncapi.hpp"

#include "chat/frame_schemas.hpp"
#include "chat/frame_writer.hpp"
#include "chat/server_frames.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <set>
#include <string>

namespace json = boost::json;
using beastapi::awaitable;
using beastapi::Router;
using beastapi::WebSocket;
using chat::Key;

namespace {

awaitable<void> nameless(WebSocket) {
    co_return;
}
awaitable<void> named(WebSocket, std::string) {
    co_return;
}

json::object greetings() {
    json::object messages;
    messages["greeting"] = beastapi::text_message("Says hello.");
    return messages;
}

Router routes() {
    Router router;
    router.websocket("/ws", nameless);
    router.websocket("/ws/{name}", named)
        .summary("Greets")
        .receives(greetings)
        .sends(greetings)
        .query_param("room", "Where.");
    router.websocket("/hidden", nameless).include_in_schema(false);
    return router;
}

json::object document() {
    return beastapi::asyncapi("greeter", "1.0.0", "", routes().routes());
}

std::set<std::string> names_of(const json::object& messages) {
    std::set<std::string> names;
    for (const auto& message : messages) {
        names.emplace(message.key());
    }
    return names;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(asyncapi)

BOOST_AUTO_TEST_CASE(each_websocket_in_the_schema_is_a_channel) {
    const json::object channels = document().at("channels").as_object();
    BOOST_TEST(channels.size() == 2U);
    BOOST_TEST(channels.at("ws").at("address").as_string() == "/ws");
    const json::object& greeter = channels.at("ws_name").as_object();
    BOOST_TEST(greeter.at("title").as_string() == "Greets");
    BOOST_TEST(greeter.at("parameters").as_object().contains("name"));
    BOOST_TEST(
        json::serialize(greeter.at("bindings").at("ws").at("query")) ==
        R"({"type":"object","properties":{"room":{"type":"string","description":"Where."}}})");
}

BOOST_AUTO_TEST_CASE(the_server_receives_what_clients_send) {
    const json::object operations = document().at("operations").as_object();
    BOOST_TEST(operations.size() == 2U);
    const json::value& receives = operations.at("receive_ws_name");
    BOOST_TEST(receives.at("action").as_string() == "receive");
    BOOST_TEST(receives.at("messages").at(0).at("$ref").as_string() ==
               "#/channels/ws_name/messages/client.greeting");
    BOOST_TEST(operations.at("send_ws_name").at("messages").at(0).at("$ref").as_string() ==
               "#/channels/ws_name/messages/server.greeting");
    const json::object document_ = document();
    BOOST_TEST(document_.at("components").at("messages").at("client.greeting").is_object());
}

BOOST_AUTO_TEST_CASE(the_server_is_where_the_client_found_it) {
    json::object described = document();
    beastapi::add_server(described, "", false);
    BOOST_TEST(!described.contains("servers"));
    beastapi::add_server(described, "chat.example.org", true);
    BOOST_TEST(json::serialize(described.at("servers")) ==
               R"({"here":{"host":"chat.example.org","protocol":"wss"}})");
}

BOOST_AUTO_TEST_CASE(each_endpoint_has_its_own_welcome) {
    using chat::Where;
    const auto nameless_sends = names_of(chat::schemas_from_server(Where::nameless));
    const auto named_sends = names_of(chat::schemas_from_server(Where::named));
    const auto heartbeat_sends = names_of(chat::schemas_from_server(Where::heartbeat));
    BOOST_TEST(nameless_sends.contains("welcome"));
    BOOST_TEST(!nameless_sends.contains("private"));
    BOOST_TEST(named_sends.contains("welcome_with_name"));
    BOOST_TEST(!named_sends.contains("ping"));
    BOOST_TEST(heartbeat_sends.contains("welcome_with_heartbeat"));
    BOOST_TEST(!heartbeat_sends.contains("welcome_with_name"));
    BOOST_TEST(heartbeat_sends.contains("ping"));
    BOOST_TEST(heartbeat_sends.contains("private"));
}

BOOST_AUTO_TEST_CASE(the_longest_text_is_the_settings) {
    const auto message = [](std::size_t limit) {
        return chat::schemas_from_client(limit)["message"]
            .at("payload")
            .at("properties")
            .at("message");
    };
    BOOST_TEST(message(40).at("maxLength").to_number<int>() == 40);
    BOOST_TEST(!message(0).as_object().contains("maxLength"));
}

BOOST_AUTO_TEST_CASE(a_frame_begins_with_its_type_and_event) {
    chat::FrameWriter frame(chat::server_frames::join);
    frame[Key::message] = "Somebody came";
    BOOST_TEST(frame.text() == R"({"type":"system","event":"join","message":"Somebody came"})");
}

BOOST_AUTO_TEST_SUITE_END()
