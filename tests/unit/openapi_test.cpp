// The description of the API that is generated from the routes.
#include "beastapi/openapi.hpp"

#include "beastapi/router.hpp"

#include <boost/json/array.hpp>
#include <boost/test/unit_test.hpp>

#include <set>

namespace json = boost::json;
using beastapi::awaitable;
using beastapi::Response;
using beastapi::Router;
using beastapi::WebSocket;

namespace {

awaitable<Response> plain() {
    co_return beastapi::PlainTextResponse("x");
}
awaitable<Response> page(std::string) {
    co_return beastapi::PlainTextResponse("x");
}
awaitable<void> websocket_with_name(WebSocket, std::string) {
    co_return;
}

Router routes() {
    Router router({.tags = {"WebSocket"}});
    router.get("/health", plain).summary("Health Check").description("Says that it runs.");
    router.get("/chat", plain).response_class("text/html").response(404, "No page");
    router.websocket("/ws/chat/{username}", websocket_with_name).summary("Chat");
    router.get("/hidden", plain).include_in_schema(false);
    return router;
}

json::object document() {
    return beastapi::openapi("chapter08", "1.0.0", "The chat", routes().routes());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(openapi)

BOOST_AUTO_TEST_CASE(the_document_says_what_it_describes) {
    const json::object api = document();
    BOOST_TEST(api.at("openapi").as_string().starts_with("3."));
    const json::object& info = api.at("info").as_object();
    BOOST_TEST(info.at("title").as_string() == "chapter08");
    BOOST_TEST(info.at("version").as_string() == "1.0.0");
    BOOST_TEST(info.at("description").as_string() == "The chat");
}

BOOST_AUTO_TEST_CASE(each_route_in_the_schema_is_a_path) {
    const json::object paths = document().at("paths").as_object();
    BOOST_TEST(paths.size() == 3U);
    BOOST_TEST(paths.contains("/health"));
    BOOST_TEST(paths.contains("/chat"));
    BOOST_TEST(paths.contains("/ws/chat/{username}"));
    BOOST_TEST(!paths.contains("/hidden"));
}

BOOST_AUTO_TEST_CASE(an_operation_has_the_texts_of_its_route) {
    const json::object paths = document().at("paths").as_object();
    const json::object& health = paths.at("/health").at("get").as_object();
    BOOST_TEST(health.at("summary").as_string() == "Health Check");
    BOOST_TEST(health.at("description").as_string() == "Says that it runs.");
    BOOST_TEST(health.at("tags").as_array().at(0).as_string() == "WebSocket");
    BOOST_TEST(!health.contains("parameters"));
}

BOOST_AUTO_TEST_CASE(a_path_parameter_is_described) {
    const json::object paths = document().at("paths").as_object();
    const json::array& parameters =
        paths.at("/ws/chat/{username}").at("get").at("parameters").as_array();
    BOOST_TEST_REQUIRE(parameters.size() == 1U);
    const json::object& parameter = parameters.at(0).as_object();
    BOOST_TEST(parameter.at("name").as_string() == "username");
    BOOST_TEST(parameter.at("in").as_string() == "path");
    BOOST_TEST(parameter.at("required").as_bool());
    BOOST_TEST(parameter.at("schema").at("type").as_string() == "string");
}

BOOST_AUTO_TEST_CASE(responses_have_a_status_a_text_and_a_type) {
    const json::object paths = document().at("paths").as_object();
    const json::object& chat = paths.at("/chat").at("get").at("responses").as_object();
    BOOST_TEST(chat.at("200").at("content").as_object().contains("text/html"));
    BOOST_TEST(chat.at("404").at("description").as_string() == "No page");
    const json::object& health = paths.at("/health").at("get").at("responses").as_object();
    BOOST_TEST(health.at("200").at("content").as_object().contains("application/json"));
    const json::object& websocket =
        paths.at("/ws/chat/{username}").at("get").at("responses").as_object();
    BOOST_TEST(websocket.contains("101"));
    BOOST_TEST(websocket.contains("426"));
}

BOOST_AUTO_TEST_CASE(operation_ids_are_unique) {
    std::set<std::string> ids;
    const json::object paths = document().at("paths").as_object();
    for (const auto& path : paths) {
        ids.emplace(path.value().at("get").at("operationId").as_string());
    }
    BOOST_TEST(ids.size() == paths.size());
}

BOOST_AUTO_TEST_CASE(each_method_of_a_path_is_an_operation) {
    Router router;
    router.get("/notes", plain);
    router.post("/notes", plain);
    router.put("/notes", plain);
    router.patch("/notes", plain);
    router.delete_("/notes", plain);
    const json::object paths =
        beastapi::openapi("x", "1", "", router.routes()).at("paths").as_object();
    const json::object& notes = paths.at("/notes").as_object();
    std::string with_body;
    for (const auto& operation : notes) {
        with_body += operation.value().as_object().contains("requestBody")
                         ? std::string(operation.key()) + " "
                         : "";
    }
    BOOST_TEST(notes.size() == 5U);
    BOOST_TEST(with_body == "post put patch ");
    BOOST_TEST(notes.at("delete").at("operationId").as_string() == "delete_notes");
}

BOOST_AUTO_TEST_CASE(a_get_is_shown_and_not_the_websocket_at_its_path) {
    for (const bool websocket_first : {true, false}) {
        Router router;
        if (websocket_first) {
            router.websocket("/chat/{name}", websocket_with_name).summary("WebSocket");
        }
        router.get("/chat/{name}", page).summary("Page");
        if (!websocket_first) {
            router.websocket("/chat/{name}", websocket_with_name).summary("WebSocket");
        }
        const json::object paths =
            beastapi::openapi("x", "1", "", router.routes()).at("paths").as_object();
        BOOST_TEST(paths.at("/chat/{name}").at("get").at("summary").as_string() == "Page");
    }
}

BOOST_AUTO_TEST_CASE(the_page_names_the_document_and_its_own_assets) {
    const std::string page = beastapi::swagger_ui_html("chapter08", "/start.js", "/assets");
    BOOST_TEST(page.find("chapter08") != std::string::npos);
    BOOST_TEST(page.find("\"/start.js\"") != std::string::npos);
    BOOST_TEST(page.find("<script>") == std::string::npos);
    const std::string script = beastapi::swagger_ui_script("/openapi.json");
    BOOST_TEST(script.find("\"/openapi.json\"") != std::string::npos);
    BOOST_TEST(page.find("/assets/swagger-ui-bundle.js") != std::string::npos);
    BOOST_TEST(page.find("//cdn") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
