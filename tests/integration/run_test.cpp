// App::run() without settings: where it serves, and what it says when it cannot.
#include "beastapi/app.hpp"
#include "support/http_client.hpp"
#include "support/loop.hpp"
#include "support/server_process.hpp"
#include "support/temporary_directory.hpp"
#include "support/websocket_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <string>
#include <utility>

using namespace test;

namespace {

void check_refused(ServerProcess::Environment environment, std::string_view why) {
    ServerProcess process({}, std::move(environment), SMALL_PROGRAM);
    BOOST_TEST(process.wait() == 1);
    const std::string& said = process.standard_error();
    BOOST_TEST(std::count(said.begin(), said.end(), '\n') == 1, said);
    BOOST_TEST(said.starts_with("small_program: "), said);
    BOOST_TEST(said.find(why) != std::string::npos, said);
}

awaitable<void> read_status(unsigned short port, unsigned& status) {
    const HttpResponse docs = co_await get(port, "/docs");
    status = docs.status;
}

void check_docs(const std::string& swagger_ui_dir, unsigned expected) {
    ServerProcess process({}, {"PORT=0", "SWAGGER_UI_DIR=" + swagger_ui_dir}, SMALL_PROGRAM);
    boost::asio::io_context context;
    unsigned status = 0;
    test::run(context, read_status(process.port(), status));
    BOOST_TEST(status == expected, swagger_ui_dir);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(run)

BOOST_AUTO_TEST_CASE(it_serves_at_HOST_and_PORT_of_the_environment) {
    ServerProcess process({}, {"HOST=127.0.0.2", "PORT=0"}, SMALL_PROGRAM);
    const std::string port = process.wait_for(R"(running on http://127\.0\.0\.2:(\d+))");
    BOOST_TEST(std::stoi(port) > 0);
    process.send_signal(SIGTERM);
    BOOST_TEST(process.wait() == 0);
}

BOOST_AUTO_TEST_CASE(without_them_it_serves_where_uvicorn_does) {
    ::unsetenv("HOST");
    ::unsetenv("PORT");
    const auto settings = beastapi::ServerSettings::from_environment();
    BOOST_TEST(settings.host == "127.0.0.1");
    BOOST_TEST(settings.port == 8000);
}

BOOST_AUTO_TEST_CASE(an_empty_variable_counts_as_none) {
    ServerProcess process({}, {"HOST=", "PORT=0"}, SMALL_PROGRAM);
    BOOST_TEST(std::stoi(process.wait_for(R"(running on http://127\.0\.0\.1:(\d+))")) > 0);
}

BOOST_AUTO_TEST_CASE(SWAGGER_UI_DIR_says_what_docs_is_made_of) {
    const TemporaryDirectory directory;
    directory.write("swagger-ui-bundle.js", "// Swagger UI");
    check_docs(directory.path().string(), 200);
    check_docs("", 503);
}

BOOST_AUTO_TEST_CASE(a_PORT_that_is_none_ends_it_with_one_line) {
    for (const std::string port : {"http", "80a", "-1", "65536", " 80", "8 0", "+80", "0x50"}) {
        BOOST_TEST_CONTEXT(port) {
            check_refused({"PORT=" + port},
                          fmt::format("PORT is '{}', which is no number from 0 to 65535", port));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_port_that_is_taken_ends_it_with_one_line) {
    ServerProcess first({}, {"HOST=127.0.0.1", "PORT=0"}, SMALL_PROGRAM);
    const unsigned short port = first.port();
    check_refused({fmt::format("PORT={}", port)}, "is taken by another program");
}

BOOST_AUTO_TEST_CASE(a_HOST_that_is_unknown_ends_it_with_one_line) {
    check_refused({"HOST=256.256.256.256", "PORT=0"}, "the host '256.256.256.256' is unknown");
}

static awaitable<void> open_and_close(unsigned short port) {
    WebSocketClient client = co_await WebSocketClient::connect(port, "/ws");
    co_await client.expect_close(1000);
}
BOOST_AUTO_TEST_CASE(a_handle_that_outlives_it_ends_the_process_with_a_message) {
    ServerProcess process({}, {"PORT=0"}, OUTLIVING_PROGRAM);
    boost::asio::io_context context;
    test::run(context, open_and_close(process.port()));
    process.send_signal(SIGTERM);
    BOOST_TEST(process.wait() == -SIGABRT);
    BOOST_TEST(process.standard_error().find("something still holds a WebSocket") !=
               std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
