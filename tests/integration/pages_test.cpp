// The pages of the real program: the root, the page, the health check, the documentation.
#include "support/http_client.hpp"
#include "support/server_process.hpp"
#include "support/temporary_directory.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <regex>

using namespace test;

namespace {

/// The program, and a loop for its clients.
struct Program {
    Program() : process({"--port", "0"}), port(process.port()) {}
    ~Program() {
        process.send_signal(SIGTERM);
        BOOST_TEST(process.wait() == 0);
    }

    void run(awaitable<void> test) { test::run(context, std::move(test)); }

    io_context context{1};
    ServerProcess process;
    unsigned short port;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(pages, Program)

static awaitable<void> check_root(unsigned short port) {
    const HttpResponse response = co_await get(port, "/");
    BOOST_TEST(response.status == 200U);
    const auto root = response.json();
    for (const char* const key : {"message", "docs", "endpoints", "frontend", "topics"}) {
        BOOST_TEST(root.contains(key), key);
    }
    BOOST_TEST(root.at("docs").as_string() == "/docs");
    BOOST_TEST(root.at("frontend").as_string() == "/chat");
}

BOOST_AUTO_TEST_CASE(the_root_leads_on) {
    run(check_root(port));
}

static awaitable<void> check_health(unsigned short port) {
    const HttpResponse response = co_await get(port, "/health");
    BOOST_TEST(response.status == 200U);
    const auto health = response.json();
    BOOST_TEST(health.at("status").as_string() == "healthy");
    BOOST_TEST(health.at("websocket_support").as_bool());
    BOOST_TEST(health.at("features").is_object());
}

BOOST_AUTO_TEST_CASE(the_health_check_says_healthy) {
    run(check_health(port));
}

static awaitable<void> check_chat_page(unsigned short port) {
    const HttpResponse page = co_await get(port, "/chat");
    BOOST_TEST(page.status == 200U);
    BOOST_TEST(page.header("content-type") == "text/html; charset=utf-8");
    BOOST_TEST(page.body.find("<!DOCTYPE html>") != std::string::npos);
    const HttpResponse file = co_await get(port, "/static/chat.html");
    BOOST_TEST((file.body == page.body));
    const HttpResponse unchanged =
        co_await get(port, "/chat", "If-None-Match: " + page.header("etag") + "\r\n");
    BOOST_TEST(unchanged.status == 304U);
    const HttpResponse head = co_await request(port, "HEAD", "/chat");
    BOOST_TEST(head.header("content-length") == std::to_string(page.body.size()));
}

BOOST_AUTO_TEST_CASE(the_chat_page_is_the_file_in_the_static_folder) {
    run(check_chat_page(port));
}

static awaitable<void> check_openapi(unsigned short port) {
    const HttpResponse response = co_await get(port, "/openapi.json");
    BOOST_TEST(response.status == 200U);
    const auto api = response.json();
    const auto& paths = api.at("paths").as_object();
    for (const char* const path :
         {"/", "/chat", "/health", "/ws", "/ws/chat", "/ws/chat/{username}",
          "/ws/chat/{username}/heartbeat", "/ws/status"}) {
        BOOST_TEST(paths.contains(path), path);
        BOOST_TEST(!paths.at(path).at("get").at("summary").as_string().empty());
    }
}

BOOST_AUTO_TEST_CASE(the_api_is_described) {
    run(check_openapi(port));
}

static awaitable<void> check_docs(unsigned short port) {
    const HttpResponse docs = co_await get(port, "/docs");
    BOOST_TEST_REQUIRE(docs.status == 200U);
    BOOST_TEST(docs.header("content-type") == "text/html; charset=utf-8");
    // Each file that the page names is served by this program.
    const std::regex asset(R"((?:src|href)="([^"]+)\")");
    int assets = 0;
    auto found = std::sregex_iterator(docs.body.begin(), docs.body.end(), asset);
    for (; found != std::sregex_iterator(); ++found) {
        const std::string target = (*found)[1];
        BOOST_TEST(target.starts_with('/'), target);
        const HttpResponse response = co_await get(port, target);
        BOOST_TEST(response.status == 200U, target);
        ++assets;
    }
    BOOST_TEST(assets >= 2);
}

BOOST_AUTO_TEST_CASE(the_documentation_comes_with_all_its_files) {
    run(check_docs(port));
}

static awaitable<void> check_security_headers(unsigned short port) {
    for (const std::string target :
         {"/", "/chat", "/static/chat.html", "/health", "/docs", "/missing", "/ws", "/%"}) {
        const HttpResponse response = co_await get(port, target);
        BOOST_TEST(response.header("x-content-type-options") == "nosniff", target);
        BOOST_TEST(response.header("referrer-policy") == "same-origin", target);
        const bool is_page = response.header("content-type").starts_with("text/html");
        const std::string policy = response.header("content-security-policy");
        BOOST_TEST(is_page == !policy.empty(), target);
        BOOST_TEST(policy.find("script-src") == std::string::npos, target);
        BOOST_TEST(is_page == policy.starts_with("default-src 'self'; "), target);
    }
    const HttpResponse malformed = co_await send_raw(port, "NONSENSE\r\n\r\n");
    BOOST_TEST(malformed.status == 400U);
    BOOST_TEST(malformed.header("x-content-type-options") == "nosniff");
}

BOOST_AUTO_TEST_CASE(every_answer_has_the_security_headers_and_every_page_a_policy) {
    run(check_security_headers(port));
}

// What the policy does not let run does not stand in the pages.
static awaitable<void> check_inline_scripts(unsigned short port) {
    const std::regex inline_script(R"(<script(?![^>]*\ssrc=)[^>]*>|\son[a-z]+=|javascript:)");
    for (const std::string target : {"/chat", "/docs"}) {
        const HttpResponse page = co_await get(port, target);
        BOOST_TEST(!std::regex_search(page.body, inline_script), target);
    }
}

BOOST_AUTO_TEST_CASE(no_page_has_scripts_in_it) {
    run(check_inline_scripts(port));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(tutorial)

static awaitable<void> check_site(unsigned short port) {
    const HttpResponse redirect = co_await get(port, "/tutorial");
    BOOST_TEST(redirect.status == 307U);
    BOOST_TEST(redirect.header("location") == "/tutorial/");
    const HttpResponse front = co_await get(port, "/tutorial/");
    BOOST_TEST(front.status == 200U);
    BOOST_TEST(front.header("content-type") == "text/html; charset=utf-8");
    BOOST_TEST(front.body == "<p>front</p>");
    const HttpResponse page = co_await get(port, "/tutorial/zh-TW/01.html");
    BOOST_TEST(page.body == "<p>one</p>");
    const HttpResponse missing = co_await get(port, "/tutorial/02.html");
    BOOST_TEST(missing.status == 404U);
    BOOST_TEST(missing.body == "<p>nothing</p>");
}

BOOST_AUTO_TEST_CASE(it_is_served_with_its_front_page_and_its_404) {
    TemporaryDirectory site;
    site.write("index.html", "<p>front</p>");
    site.write("404.html", "<p>nothing</p>");
    site.write("zh-TW/01.html", "<p>one</p>");
    ServerProcess process({"--port", "0", "--tutorial-dir", site.path().string()});
    io_context context{1};
    test::run(context, check_site(process.port()));
}

static awaitable<void> check_no_site(unsigned short port) {
    const HttpResponse response = co_await get(port, "/tutorial");
    BOOST_TEST(response.status == 503U);
    BOOST_TEST(response.body.find("scripts/docs.sh --build") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(where_it_is_not_built_one_is_told_how) {
    ServerProcess process({"--port", "0", "--tutorial-dir", "/no/such/folder"});
    io_context context{1};
    test::run(context, check_no_site(process.port()));
}

BOOST_AUTO_TEST_SUITE_END()
