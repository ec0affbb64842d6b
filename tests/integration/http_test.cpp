// HTTP as RFC 9110 and RFC 9112 have it: methods, keep-alive, pipelines, targets, errors.
#include "beastapi/request.hpp"
#include "beastapi/static_files.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <stdexcept>

using namespace test;
using beastapi::Request;
using beastapi::Response;

namespace {

awaitable<Response> show(Request request, std::string name) {
    boost::json::object shown;
    shown["name"] = name;
    shown["path"] = request.path;
    shown["a"] = request.query_params.get("a").value_or("-");
    shown["mine"] = request.headers.get("x-mine").value_or("-");
    shown["body"] = request.body;
    co_return Response(shown);
}

awaitable<Response> throwing() {
    throw std::runtime_error("a mistake in the handler");
    co_return Response::empty(200);
}

TestServerOptions with_routes() {
    TestServerOptions options = quiet();
    options.set_up = [](beastapi::App& app, chat::Chat&) {
        app.get("/show/{name}", show);
        app.get("/throwing", throwing);
        beastapi::CORSMiddleware cors;
        cors.allow_origins = {"*"};
        cors.allow_credentials = true;
        cors.allow_methods = {"*"};
        cors.allow_headers = {"*"};
        app.add_middleware(cors);
    };
    return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http)

SERVER_TEST(a_handler_learns_about_the_request, with_routes()) {
    const HttpResponse response =
        co_await get(server.port(), "/show/a%20b?a=1%202&b=3", "X-Mine: yes\r\n");
    BOOST_TEST(response.status == 200U);
    BOOST_TEST(response.body == R"({"name":"a b","path":"/show/a%20b","a":"1 2","mine":"yes",)"
                                R"("body":""})");
    BOOST_TEST(response.header("date").ends_with(" GMT"));
}

SERVER_TEST(what_is_not_there_is_404_in_the_shape_of_fastapi, with_routes()) {
    for (const std::string target : {"/missing", "/show", "/show/", "/show/a/b", "/ws/", "//ws"}) {
        const HttpResponse response = co_await get(server.port(), target);
        BOOST_TEST(response.status == 404U, target);
        BOOST_TEST(response.body == R"({"detail":"Not Found"})", target);
        BOOST_TEST(response.header("content-type") == "application/json");
    }
}

SERVER_TEST(other_methods_are_405_with_allow, with_routes()) {
    for (const std::string method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"}) {
        for (const std::string target : {"/show/a", "/ws/status", "/ws/chat"}) {
            const HttpResponse response = co_await request(server.port(), method, target);
            BOOST_TEST(response.status == 405U, method << " " << target);
            BOOST_TEST(response.header("allow").find("GET") != std::string::npos);
            BOOST_TEST(response.body == R"({"detail":"Method Not Allowed"})");
        }
    }
    const HttpResponse missing = co_await request(server.port(), "POST", "/missing");
    BOOST_TEST(missing.status == 404U);
}

SERVER_TEST(head_is_get_without_the_body, with_routes()) {
    const HttpResponse full = co_await get(server.port(), "/show/a");
    TcpClient client = co_await TcpClient::connect(server.port());
    co_await send_request(client, "HEAD", "/show/a");
    const HttpResponse head = co_await read_response(client, true);
    BOOST_TEST(head.status == 200U);
    BOOST_TEST(head.header("content-length") == std::to_string(full.body.size()));
    // The next response begins where a body would have stood.
    co_await send_request(client, "HEAD", "/missing");
    const HttpResponse missing = co_await read_response(client, true);
    BOOST_TEST(missing.status == 404U);
    co_await send_request(client, "GET", "/show/a");
    const HttpResponse again = co_await read_response(client);
    BOOST_TEST(again.body == full.body);
}

SERVER_TEST(a_connection_is_kept_for_further_requests, with_routes()) {
    TcpClient client = co_await TcpClient::connect(server.port());
    for (int i = 0; i < 100; ++i) {
        co_await send_request(client, "GET", fmt::format("/show/{}", i));
        const HttpResponse response = co_await read_response(client);
        const auto body = response.json();
        BOOST_TEST((body.at("name").as_string() == std::to_string(i)));
    }
    BOOST_TEST(server.session_count() == 1U);
}

SERVER_TEST(pipelined_requests_are_answered_in_their_order, with_routes()) {
    TcpClient client = co_await TcpClient::connect(server.port());
    std::string requests;
    for (int i = 0; i < 50; ++i) {
        requests += fmt::format("GET /show/{} HTTP/1.1\r\nHost: localhost\r\n\r\n", i);
    }
    co_await client.send(requests);
    for (int i = 0; i < 50; ++i) {
        const HttpResponse response = co_await read_response(client);
        const auto body = response.json();
        BOOST_TEST((body.at("name").as_string() == std::to_string(i)));
    }
}

SERVER_TEST(the_client_may_ask_for_the_end_of_the_connection, with_routes()) {
    TcpClient client = co_await TcpClient::connect(server.port());
    co_await send_request(client, "GET", "/show/a", "Connection: close\r\n");
    const HttpResponse response = co_await read_response(client);
    BOOST_TEST(response.status == 200U);
    BOOST_TEST(response.header("connection") == "close");
    const std::string rest = co_await client.read_to_end();
    BOOST_TEST(rest.empty());
}

SERVER_TEST(http_1_0_is_answered_and_closed, with_routes()) {
    for (const std::string headers : {"", "Connection: keep-alive\r\n"}) {
        TcpClient client = co_await TcpClient::connect(server.port());
        co_await client.send("GET /show/a HTTP/1.0\r\n" + headers + "\r\n");
        const HttpResponse response = co_await read_response(client);
        BOOST_TEST(response.status == 200U);
        BOOST_TEST(response.header("connection") == "close");
        const std::string rest = co_await client.read_to_end();
        BOOST_TEST(rest.empty());
    }
}

SERVER_TEST(a_body_of_a_get_is_read_and_not_taken_for_a_request, with_routes()) {
    TcpClient client = co_await TcpClient::connect(server.port());
    const std::string body = "GET /evil HTTP/1.1\r\n\r\n";
    co_await client.send(fmt::format(
        "GET /show/a HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
    const HttpResponse first = co_await read_response(client);
    BOOST_TEST(first.status == 200U);
    const auto shown = first.json();
    BOOST_TEST((shown.at("body").as_string() == body));
    co_await client.send(
        "GET /show/b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nHello\r\n0\r\n\r\n");
    const HttpResponse second = co_await read_response(client);
    const auto chunked = second.json();
    BOOST_TEST(chunked.at("body").as_string() == "Hello");
}

SERVER_TEST(a_target_may_be_a_whole_url, with_routes()) {
    const HttpResponse response = co_await get(server.port(), "http://localhost:1/show/a?a=7");
    const auto shown = response.json();
    BOOST_TEST(shown.at("path").as_string() == "/show/a");
    BOOST_TEST(shown.at("a").as_string() == "7");
    const HttpResponse root = co_await get(server.port(), "http://localhost");
    BOOST_TEST((root.status == 404U || root.status == 400U));
}

SERVER_TEST(a_handler_that_throws_is_500_and_tells_nothing, with_routes()) {
    TcpClient client = co_await TcpClient::connect(server.port());
    co_await send_request(client, "GET", "/throwing");
    const HttpResponse response = co_await read_response(client);
    BOOST_TEST(response.status == 500U);
    BOOST_TEST(response.body.find("mistake") == std::string::npos);
    co_await send_request(client, "GET", "/show/a");
    const HttpResponse next = co_await read_response(client);
    BOOST_TEST(next.status == 200U);
}

SERVER_TEST(other_origins_may_read_the_answers, with_routes()) {
    const std::string origin = "Origin: https://example.org\r\n";
    for (const std::string target : {"/show/a", "/missing", "/throwing", "/ws/chat"}) {
        const HttpResponse response = co_await get(server.port(), target, origin);
        BOOST_TEST(response.header("access-control-allow-origin") == "https://example.org", target);
        BOOST_TEST(response.header("access-control-allow-credentials") == "true", target);
    }
    const HttpResponse preflight = co_await request(
        server.port(), "OPTIONS", "/show/a",
        origin + "Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: x-a\r\n");
    BOOST_TEST(preflight.status == 200U);
    BOOST_TEST(preflight.header("access-control-allow-headers") == "x-a");
    const HttpResponse same_origin = co_await get(server.port(), "/show/a");
    BOOST_TEST(same_origin.header("access-control-allow-origin").empty());
}

static TestServerOptions with_files(const TemporaryDirectory& directory) {
    TestServerOptions options = quiet();
    options.set_up = [&directory](beastapi::App& app, chat::Chat&) {
        app.mount("/static", beastapi::StaticFiles(directory.path()));
    };
    return options;
}

static awaitable<void> check_files(TestServer& server, std::string large) {
    const HttpResponse small = co_await get(server.port(), "/static/a.txt");
    BOOST_TEST(small.status == 200U);
    BOOST_TEST(small.body == "small");
    BOOST_TEST(small.header("content-type") == "text/plain; charset=utf-8");
    const std::string etag = small.header("etag");

    TcpClient client = co_await TcpClient::connect(server.port());
    co_await send_request(client, "GET", "/static/a.txt", "If-None-Match: " + etag + "\r\n");
    const HttpResponse unchanged = co_await read_response(client);
    BOOST_TEST(unchanged.status == 304U);
    BOOST_TEST(unchanged.header("etag") == etag);
    co_await send_request(client, "HEAD", "/static/large.bin");
    const HttpResponse head = co_await read_response(client, true);
    BOOST_TEST(head.header("content-length") == std::to_string(large.size()));
    co_await send_request(client, "GET", "/static/large.bin");
    const HttpResponse whole = co_await read_response(client);
    BOOST_TEST((whole.body == large), "the file is not what came");
    co_await send_request(client, "GET", "/static/empty");
    const HttpResponse empty = co_await read_response(client);
    BOOST_TEST(empty.status == 200U);
    BOOST_TEST(empty.header("content-length") == "0");
    for (const std::string target : {"/static", "/static/", "/static/../a.txt", "/staticx/a.txt",
                                     "/static/%2e%2e/etc/passwd", "/static/missing"}) {
        co_await send_request(client, "GET", target);
        const HttpResponse missing = co_await read_response(client);
        BOOST_TEST((missing.status == 404U || target == "/static/../a.txt"), target);
    }
    co_await send_request(client, "POST", "/static/a.txt", "Content-Length: 0\r\n");
    const HttpResponse post = co_await read_response(client);
    BOOST_TEST(post.status == 405U);
}

BOOST_AUTO_TEST_CASE(files_are_served_large_and_empty_ones_too) {
    const TemporaryDirectory directory;
    std::string large;
    while (large.size() < 3'000'000) {
        large += std::to_string(large.size());
    }
    directory.write("a.txt", "small");
    directory.write("large.bin", large);
    directory.write("empty", "");
    TestServer server(with_files(directory));
    server.run(check_files(server, large));
}

BOOST_AUTO_TEST_SUITE_END()
