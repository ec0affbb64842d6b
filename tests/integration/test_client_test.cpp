// An App of one's own, asked by beastapi's TestClient: methods, exceptions, bodies, startup, tasks.
#include "beastapi/test_client.hpp"

#include "beastapi/asyncio.hpp"

#include <boost/json/object.hpp>
#include <boost/test/unit_test.hpp>
#include <spdlog/spdlog.h>

#include <chrono>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

using namespace beastapi;
using namespace std::chrono_literals;

namespace {

/// A table of texts, as a handler's own module would keep it.
using Notes = std::map<std::string, std::string>;

awaitable<Response> read_note(std::string name, Notes& notes) {
    const auto found = notes.find(name);
    if (found == notes.end()) {
        throw HTTPException(404, "No such note");
    }
    co_return PlainTextResponse(found->second);
}

awaitable<Response> write_note(Request request, std::string name, Notes& notes) {
    const bool is_new = notes.insert_or_assign(name, request.body).second;
    co_return Response::empty(is_new ? 201 : 204);
}

awaitable<Response> delete_note(std::string name, Notes& notes) {
    if (notes.erase(name) == 0) {
        throw HTTPException(410);
    }
    co_return Response();
}

awaitable<Response> show_type(Request request) {
    co_return PlainTextResponse(std::string(request.headers.get("Content-Type").value_or("-")));
}

void refuse_strangers(const Request& request) {
    if (!request.headers.get("Authorization")) {
        throw HTTPException(401, "Who are you?", {{"WWW-Authenticate", "Bearer"}});
    }
}

awaitable<Response> secret(Request request) {
    refuse_strangers(request);
    co_return PlainTextResponse("the secret");
}

awaitable<Response> split_the_head() {
    throw HTTPException(400, "no", {{"X-One", "a\r\nX-Two: b"}});
    co_return Response();
}

awaitable<Response> slow_answer() {
    co_await asyncio::sleep(1h);
    co_return Response();
}

awaitable<Response> in_time() {
    try {
        co_return co_await asyncio::wait_for(slow_answer(), 1ms);
    } catch (const asyncio::TimeoutError&) {
        throw HTTPException(504);
    }
}

awaitable<void> echo(WebSocket websocket) {
    co_await websocket.accept();
    while (true) {
        const Message message = co_await websocket.receive();
        if (message.is_text()) {
            co_await websocket.send_text("Echo: " + message.data);
        } else {
            co_await websocket.send_bytes(message.data);
        }
    }
}

awaitable<void> close_at_once(WebSocket websocket) {
    co_await websocket.accept();
    co_await websocket.close(4000, "bye");
}

awaitable<void> refuse(WebSocket websocket) {
    co_await websocket.close(close_code::policy_violation);
}

struct Ticker {
    int ticks = 0;
    bool destroyed = false;
};

awaitable<void> tick(Ticker& ticker) {
    struct AtEnd {
        bool& destroyed;
        ~AtEnd() { destroyed = true; }
    } const at_end(ticker.destroyed);
    while (true) {
        co_await asyncio::sleep(1ms);
        ++ticker.ticks;
    }
}

awaitable<void> start_ticking(Ticker& ticker) {
    asyncio::create_task(tick(ticker));
    co_await asyncio::sleep(1ms);
}

awaitable<Response> ticks(Ticker& ticker) {
    co_return PlainTextResponse(std::to_string(ticker.ticks));
}

awaitable<void> cannot_start(std::string why) {
    co_await asyncio::sleep(0s);
    throw std::runtime_error(why);
}

void check_detail(const TestResponse& response, unsigned status, std::string_view detail) {
    BOOST_TEST(response.status == status);
    BOOST_TEST(response.json().at("detail").as_string() == detail);
}

/// The log would be the test's own output.
struct Quiet {
    Quiet() { spdlog::set_level(spdlog::level::off); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(test_client, *boost::unit_test::fixture<Quiet>())

BOOST_AUTO_TEST_CASE(each_method_has_its_handler_and_allow_names_them) {
    Notes notes;
    App app;
    app.get("/notes/{name}", read_note, notes);
    app.put("/notes/{name}", write_note, notes);
    app.patch("/notes/{name}", write_note, notes);
    app.delete_("/notes/{name}", delete_note, notes);
    const TestClient client(app);
    check_detail(client.get("/notes/a"), 404, "No such note");
    BOOST_TEST(client.put("/notes/a", "one").status == 201);
    BOOST_TEST(client.get("/notes/a").body == "one");
    BOOST_TEST(client.patch("/notes/a", "two").status == 204);
    BOOST_TEST(client.get("/notes/a").body == "two");
    const TestResponse deleted = client.delete_("/notes/a");
    BOOST_TEST(deleted.status == 200);
    BOOST_TEST(deleted.body.empty());
    check_detail(client.delete_("/notes/a"), 410, "Gone");
    const TestResponse refused = client.post("/notes/a", "three");
    check_detail(refused, 405, "Method Not Allowed");
    BOOST_TEST(refused.headers.get("Allow").value_or("") == "GET, HEAD, PUT, PATCH, DELETE");
    BOOST_TEST(client.request("HEAD", "/notes/b").status == 404);
}

BOOST_AUTO_TEST_CASE(a_thrown_answer_keeps_its_headers_and_a_malformed_one_is_500) {
    App app;
    app.get("/secret", secret);
    app.get("/split", split_the_head);
    app.get("/slow", in_time);
    const TestClient client(app);
    const TestResponse refused = client.get("/secret");
    check_detail(refused, 401, "Who are you?");
    BOOST_TEST(refused.headers.get("WWW-Authenticate").value_or("") == "Bearer");
    BOOST_TEST(client.get("/secret", {{"Authorization", "Bearer x"}}).body == "the secret");
    BOOST_TEST(client.get("/split").status == 500);
    check_detail(client.get("/slow"), 504, "Gateway Timeout");
}

BOOST_AUTO_TEST_CASE(a_body_may_be_as_large_as_the_setting_says) {
    Notes notes;
    App app;
    app.post("/notes/{name}", write_note, notes);
    app.post("/type", show_type);
    ServerSettings settings;
    settings.max_body_bytes = 1024 * 1024;
    TestClient client(app, settings);
    std::string body;
    while (body.size() < settings.max_body_bytes) {
        body += std::to_string(body.size());
    }
    body.resize(settings.max_body_bytes);
    BOOST_TEST(client.post("/notes/a", body).status == 201);
    check_detail(client.post("/notes/b", body + "x"), 413, "Content Too Large");
    BOOST_TEST(client.post("/type", "{}").body == "application/json");
    BOOST_TEST(client.post("/type", "x", {{"Content-Type", "text/plain"}}).body == "text/plain");
    client.server().stop();
    BOOST_TEST((notes == Notes{{"a", body}}));
}

BOOST_AUTO_TEST_CASE(a_startup_coroutine_comes_first_and_its_tasks_go_on) {
    Ticker ticker;
    App app;
    app.on_startup(start_ticking, ticker);
    app.get("/ticks", ticks, ticker);
    {
        const TestClient client(app);
        const auto end = std::chrono::steady_clock::now() + 10s;
        const int before = std::stoi(client.get("/ticks").body);
        int now = before;
        while (now == before && std::chrono::steady_clock::now() < end) {
            now = std::stoi(client.get("/ticks").body);
        }
        BOOST_TEST(now > before);
    }
    BOOST_TEST(ticker.destroyed);
}

BOOST_AUTO_TEST_CASE(what_a_startup_coroutine_throws_keeps_the_server_from_starting) {
    std::string happened;
    App app;
    app.set_lifespan([&](const boost::asio::any_io_executor&) { happened += "started "; },
                     [&] { happened += "stopped"; });
    app.on_startup(cannot_start, "no database");
    const auto is_why = [](const std::exception& error) {
        return std::string_view(error.what()) == "no database";
    };
    BOOST_CHECK_EXCEPTION(TestServer(app, ServerSettings()), std::runtime_error, is_why);
    BOOST_TEST(happened == "started stopped");
}

BOOST_AUTO_TEST_CASE(a_websocket_is_heard_and_hears_how_it_ends) {
    App app;
    app.websocket("/ws", echo);
    app.get("/ws", secret);
    app.websocket("/bye", close_at_once);
    app.websocket("/no", refuse);
    const TestClient client(app);
    TestWebSocket websocket = client.websocket_connect("/ws");
    websocket.send_text("hello");
    BOOST_TEST(websocket.receive_text() == "Echo: hello");
    websocket.send_bytes("\x01");
    BOOST_CHECK_THROW(websocket.receive_text(), std::runtime_error);
    TestWebSocket bye = client.websocket_connect("/bye");
    try {
        bye.receive();
        BOOST_ERROR("it was not closed");
    } catch (const WebSocketDisconnect& disconnect) {
        BOOST_TEST(disconnect.code() == 4000);
        BOOST_TEST(disconnect.reason() == "bye");
    }
    const auto says_403 = [](const std::exception& error) {
        return std::string_view(error.what()) == "the WebSocket /no was refused with 403";
    };
    BOOST_CHECK_EXCEPTION(client.websocket_connect("/no"), std::runtime_error, says_403);
    check_detail(client.get("/ws"), 401, "Who are you?");
    BOOST_TEST(client.get("/bye").status == 426);
}

BOOST_AUTO_TEST_CASE(one_app_may_be_served_again) {
    App app;
    app.get("/secret", secret);
    for (int i = 0; i < 3; ++i) {
        TestServer server(app);
        BOOST_TEST(server.url() == "http://127.0.0.1:" + std::to_string(server.port()));
        server.stop();
        server.stop();
    }
    BOOST_TEST(TestClient(app).get("/secret").status == 401);
}

BOOST_AUTO_TEST_SUITE_END()
