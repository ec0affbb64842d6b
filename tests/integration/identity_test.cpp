// Names by tokens: the ways in, the refusals, the end of a token, and who is told who is here.
#include "support/keys.hpp"
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

using namespace test;
using boost::json::array;
using boost::json::object;
using std::chrono::steady_clock;
using std::chrono::system_clock;

namespace {

const std::string secret = "a secret of 32 bytes, or of more";

TestServerOptions guarded(std::chrono::seconds leeway = 0s) {
    TestServerOptions options = quiet();
    options.chat.identity = chat::IdentitySettings{.key = secret, .leeway = leeway};
    return options;
}

std::string token(std::string_view name, std::chrono::duration<double> left = 1h,
                  const std::string& key = secret) {
    const std::chrono::duration<double> now = system_clock::now().time_since_epoch();
    return make_token(fmt::format(R"({{"sub":"{}","exp":{:.6f}}})", name, (now + left).count()),
                      key);
}

std::string target(std::string_view name, const std::string& with) {
    return fmt::format("/ws/chat/{}?token={}", name, with);
}

awaitable<WebSocketClient> connect_with(TestServer& server, std::string path, std::string headers) {
    ConnectOptions options;
    options.headers = std::move(headers);
    return WebSocketClient::connect(server.port(), std::move(path), std::move(options));
}

/// A member with a token that is good for so long, who has received the welcome.
awaitable<WebSocketClient> join(TestServer& server, std::string name,
                                std::chrono::duration<double> left = 1h) {
    const std::string path = target(name, token(name, left));
    WebSocketClient client = co_await server.connect(path);
    const auto welcome = co_await client.receive_json();
    BOOST_TEST(welcome.at("event").as_string() == "welcome");
    co_return client;
}

std::string refresh(std::string_view with) {
    return fmt::format(R"({{"type":"refresh","token":"{}"}})", with);
}

void check_error(const object& frame, std::string_view code) {
    BOOST_TEST(frame.at("type").as_string() == "error");
    BOOST_TEST(frame.at("code").as_string() == code);
}

awaitable<void> expect_error(WebSocketClient& client, std::string sent, std::string code) {
    co_await client.send_text(std::move(sent));
    const auto frame = co_await client.receive_json();
    check_error(frame, code);
}

awaitable<void> expect_unauthorized(TestServer& server, std::string path,
                                    std::string headers = {}) {
    const auto before = server.chat().refusals().of("unauthorized");
    WebSocketClient client = co_await connect_with(server, std::move(path), std::move(headers));
    co_await client.expect_close(1008, "Unauthorized");
    BOOST_TEST(server.chat().refusals().of("unauthorized") == before + 1);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(identity)

SERVER_TEST(a_token_comes_in_the_header_the_query_or_the_subprotocol, guarded()) {
    WebSocketClient alice = co_await connect_with(
        server, "/ws/chat/Alice", fmt::format("Authorization: Bearer {}\r\n", token("Alice")));
    const auto first = co_await alice.receive_json();
    BOOST_TEST(first.at("username").as_string() == "Alice");
    BOOST_TEST(alice.response().header("sec-websocket-protocol") == "");
    const std::string path = target("Bob", token("Bob"));
    WebSocketClient bob = co_await server.connect(path);
    const auto second = co_await bob.receive_json();
    BOOST_TEST((second.at("connected_users") == array{"Alice", "Bob"}));
    WebSocketClient carol = co_await connect_with(
        server, "/ws/chat/Carol/heartbeat",
        fmt::format("Sec-WebSocket-Protocol: bearer, {}\r\n", token("Carol")));
    const auto third = co_await carol.receive_json();
    BOOST_TEST((third.at("connected_users") == array{"Alice", "Bob", "Carol"}));
    BOOST_TEST(carol.response().header("sec-websocket-protocol") == "bearer");
}

SERVER_TEST(without_a_token_that_holds_a_name_is_closed_with_1008, guarded()) {
    WebSocketClient bob = co_await join(server, "Bob");
    const std::string forged = token("Alice", 1h, secret + "x");
    co_await expect_unauthorized(server, "/ws/chat/Alice");
    co_await expect_unauthorized(server, "/ws/chat/Alice/heartbeat");
    co_await expect_unauthorized(server, "/ws/chat/Alice?token=");
    co_await expect_unauthorized(server, target("Alice", forged));
    co_await expect_unauthorized(server, target("Alice", token("Alice", -1s)));
    co_await expect_unauthorized(server, target("Alice", token("Mallory")));
    co_await expect_unauthorized(server, target("Alice", std::string(10000, 'x')));
    co_await expect_unauthorized(server, "/ws/chat/Alice",
                                 fmt::format("Authorization: Bearer {}\r\n", forged));
    co_await expect_unauthorized(server, "/ws/chat/Alice",
                                 fmt::format("Authorization: Basic {}\r\n", token("Alice")));
    // Bob, who is here, is out of reach for others as well.
    co_await expect_unauthorized(server, "/ws/chat/Bob");
    co_await expect_unauthorized(server, target("Bob", token("Alice")));
    BOOST_TEST(server.manager().get_connection_count() == 1U);
    co_await bob.expect_nothing();
}

SERVER_TEST(a_browser_that_offers_bearer_can_read_why_it_is_refused, guarded()) {
    const std::string headers =
        fmt::format("Sec-WebSocket-Protocol: bearer, {}\r\n", token("Mallory"));
    WebSocketClient client = co_await connect_with(server, "/ws/chat/Alice", headers);
    BOOST_TEST(client.response().header("sec-websocket-protocol") == "bearer");
    co_await client.expect_close(1008, "Unauthorized");
}

SERVER_TEST(an_invalid_name_is_told_so_with_a_token_too, guarded()) {
    const std::string path = target("%20Alice", token("Alice"));
    WebSocketClient client = co_await server.connect(path);
    co_await client.expect_close(1008, "Invalid username");
}

SERVER_TEST(the_token_says_how_its_name_is_written, guarded()) {
    const std::string path = target("ALICE", token("Alice"));
    WebSocketClient alice = co_await server.connect(path);
    const auto welcome = co_await alice.receive_json();
    BOOST_TEST(welcome.at("username").as_string() == "Alice");
}

SERVER_TEST(without_the_setting_a_token_means_nothing) {
    const std::string path = target("Alice", token("Mallory", -1h));
    WebSocketClient alice = co_await server.connect(path);
    const auto welcome = co_await alice.receive_json();
    BOOST_TEST(welcome.at("username").as_string() == "Alice");
    co_await expect_error(alice, refresh(token("Alice")), "invalid_token");
    const HttpResponse rooms = co_await get(server.port(), "/ws/status?token=x");
    const auto status = rooms.json();
    BOOST_TEST((status.at("connected_users") == array{"Alice"}));
}

SERVER_TEST(when_a_token_runs_out_its_connection_ends_and_no_other, guarded()) {
    WebSocketClient bob = co_await join(server, "Bob");
    WebSocketClient laptop = co_await join(server, "Alice");
    co_await bob.receive_json();
    const auto begin = steady_clock::now();
    WebSocketClient phone = co_await join(server, "Alice", 1s);
    const auto frame = co_await phone.receive_json();
    BOOST_TEST((steady_clock::now() - begin > 900ms));
    check_error(frame, "token_expired");
    co_await phone.expect_close(1008, "Unauthorized");
    BOOST_TEST(server.chat().refusals().of("token_expired") == 1U);
    co_await server.until_members(2);
    co_await bob.expect_nothing();
    co_await laptop.expect_nothing();
}

SERVER_TEST(the_others_hear_that_its_user_left, guarded()) {
    WebSocketClient bob = co_await join(server, "Bob");
    WebSocketClient alice = co_await join(server, "Alice", 1s);
    co_await bob.receive_json();
    // Alice does not even look at what comes.
    const auto leave = co_await bob.receive_json();
    BOOST_TEST(leave.at("event").as_string() == "leave");
    BOOST_TEST(leave.at("username").as_string() == "Alice");
    const auto frame = co_await alice.receive_json();
    check_error(frame, "token_expired");
    co_await alice.expect_close(1008, "Unauthorized");
}

SERVER_TEST(the_leeway_counts_for_a_live_connection_too, guarded(2s)) {
    const auto begin = steady_clock::now();
    WebSocketClient alice = co_await join(server, "Alice", -1s);
    co_await alice.expect_nothing();
    const auto frame = co_await alice.receive_json();
    check_error(frame, "token_expired");
    BOOST_TEST((steady_clock::now() - begin > 900ms));
    co_await alice.expect_close(1008, "Unauthorized");
}

SERVER_TEST(a_refresh_in_time_goes_on_without_a_break, guarded()) {
    WebSocketClient bob = co_await join(server, "Bob");
    WebSocketClient alice = co_await join(server, "Alice", 1s);
    co_await bob.receive_json();
    co_await alice.send_text(refresh(token("alice", 3600s)));
    const auto refreshed = co_await alice.receive_json();
    BOOST_TEST(refreshed.at("type").as_string() == "refreshed");
    BOOST_TEST(refreshed.size() == 2U);
    const auto left = refreshed.at("expires_in").as_int64();
    BOOST_TEST(left <= 3600);
    BOOST_TEST(left > 3590);
    // Carol's token ends after Alice's first would have.
    WebSocketClient carol = co_await join(server, "Carol", 1500ms);
    co_await bob.receive_json();
    const auto leave = co_await bob.receive_json();
    BOOST_TEST(leave.at("username").as_string() == "Carol");
    BOOST_TEST(server.manager().is_connected("Alice"));
    BOOST_TEST(server.chat().refusals().of("token_expired") == 1U);
}

SERVER_TEST(a_refresh_may_bring_the_end_nearer, guarded()) {
    WebSocketClient alice = co_await join(server, "Alice", 1h);
    co_await alice.send_text(refresh(token("Alice", 900ms)));
    const auto refreshed = co_await alice.receive_json();
    BOOST_TEST(refreshed.at("expires_in").as_int64() == 0);
    const auto frame = co_await alice.receive_json();
    check_error(frame, "token_expired");
    co_await alice.expect_close(1008, "Unauthorized");
}

SERVER_TEST(a_refresh_that_does_not_hold_leaves_the_old_token, guarded()) {
    WebSocketClient alice = co_await join(server, "Alice", 1500ms);
    co_await expect_error(alice, refresh("x"), "invalid_token");
    co_await expect_error(alice, refresh(""), "invalid_token");
    co_await expect_error(alice, refresh(token("Alice", -1s)), "invalid_token");
    co_await expect_error(alice, refresh(token("Bob")), "invalid_token");
    co_await expect_error(alice, refresh(token("Alice", 1h, secret + "x")), "invalid_token");
    co_await expect_error(alice, R"({"type":"refresh"})", "invalid_format");
    co_await expect_error(alice, R"({"type":"refresh","token":1})", "invalid_format");
    BOOST_TEST(server.chat().refusals().of("invalid_token") == 5U);
    const auto frame = co_await alice.receive_json();
    check_error(frame, "token_expired");
    co_await alice.expect_close(1008, "Unauthorized");
}

SERVER_TEST(who_has_no_name_gets_none_by_a_frame, guarded()) {
    WebSocketClient bob = co_await join(server, "Bob");
    WebSocketClient nameless = co_await server.join_nameless();
    co_await bob.receive_json();
    co_await expect_error(nameless, R"({"username":"Mallory","message":"x"})", "unauthorized");
    co_await expect_error(nameless, R"({"username":"Bob","message":"x"})", "unauthorized");
    co_await expect_error(nameless, R"({"username":"Mallory","message":"x","target_user":"Bob"})",
                          "unauthorized");
    co_await expect_error(nameless, R"({"type":"typing","username":"Mallory"})", "unauthorized");
    co_await expect_error(nameless, refresh(token("Mallory")), "invalid_token");
    co_await bob.expect_nothing();
    co_await nameless.send_text(R"({"message":"Hello"})");
    const auto heard = co_await bob.receive_json();
    BOOST_TEST(heard.at("username").as_string() == "Anonymous");
}

SERVER_TEST(who_has_no_name_learns_from_no_private_message_who_is_online, guarded()) {
    WebSocketClient alice = co_await join(server, "Alice");
    WebSocketClient nameless = co_await server.join_nameless();
    co_await alice.receive_json();
    for (const std::string name : {"Alice", "Bob"}) {
        co_await expect_error(nameless,
                              fmt::format(R"({{"message":"psst","target_user":"{}"}})", name),
                              "unauthorized");
    }
    co_await alice.expect_nothing();
}

SERVER_TEST(who_is_here_is_told_to_those_with_a_name, guarded()) {
    WebSocketClient bob = co_await join(server, "Bob");
    WebSocketClient nameless = co_await server.join_nameless();
    co_await bob.receive_json();
    const std::string join_room = R"({"type":"join","room":"cpp"})";
    co_await bob.send_text(join_room);
    const auto joined = co_await bob.receive_json();
    BOOST_TEST((joined.at("members") == array{"Bob"}));
    co_await nameless.send_text(join_room);
    const auto without = co_await nameless.receive_json();
    BOOST_TEST(without.at("members").as_array().empty());
    BOOST_TEST(without.at("member_count").to_number<int>() == 2);
    co_await bob.receive_json();

    for (const std::string who : {R"({"type":"who"})", R"({"type":"who","room":"cpp"})"}) {
        co_await bob.send_text(who);
        const auto named = co_await bob.receive_json();
        BOOST_TEST((named.at("users") == array{"Bob"}));
        co_await nameless.send_text(who);
        const auto unnamed = co_await nameless.receive_json();
        BOOST_TEST(unnamed.at("users").as_array().empty());
    }
}

SERVER_TEST(over_http_names_are_for_those_with_a_token, guarded()) {
    WebSocketClient bob = co_await join(server, "Bob");
    co_await bob.send_text(R"({"type":"join","room":"cpp"})");
    co_await bob.receive_json();

    const std::string header = fmt::format("Authorization: Bearer {}\r\n", token("Alice"));
    const std::string query = "?token=" + token("Alice");
    for (const auto& [asked, headers] : {std::pair{query, std::string()}, {"", header}}) {
        const HttpResponse rooms = co_await get(server.port(), "/rooms" + asked, headers);
        BOOST_TEST(rooms.body ==
                   R"({"rooms":[{"room":"cpp","member_count":1,"members":["Bob"]}]})");
        const HttpResponse answer = co_await get(server.port(), "/ws/status" + asked, headers);
        const auto status = answer.json();
        BOOST_TEST((status.at("connected_users") == array{"Bob"}));
        BOOST_TEST(answer.body.find(R"("username":"Bob")") != std::string::npos);
    }

    const std::string expired = "?token=" + token("Alice", -1s);
    for (const std::string& asked : {std::string(), std::string("?token=x"), expired}) {
        const HttpResponse rooms = co_await get(server.port(), "/rooms" + asked);
        BOOST_TEST(rooms.body == R"({"rooms":[{"room":"cpp","member_count":1}]})");
        const HttpResponse answer = co_await get(server.port(), "/ws/status" + asked);
        const auto status = answer.json();
        BOOST_TEST(status.at("connected_count").to_number<int>() == 1);
        BOOST_TEST(status.at("connections").as_array().size() == 1U);
        BOOST_TEST(answer.body.find("Bob") == std::string::npos, answer.body);
    }
}

SERVER_TEST(a_connection_that_goes_takes_its_timer_along, guarded()) {
    WebSocketClient alice = co_await join(server, "Alice", 1s);
    WebSocketClient bob = co_await join(server, "Bob", 1500ms);
    co_await alice.receive_json();
    alice.tear();
    co_await server.until_members(1);
    const auto leave = co_await bob.receive_json();
    BOOST_TEST(leave.at("event").as_string() == "leave");
    // Bob's token ends after Alice's.
    const auto frame = co_await bob.receive_json();
    check_error(frame, "token_expired");
    BOOST_TEST(server.chat().refusals().of("token_expired") == 1U);
}

SERVER_TEST(a_server_that_stops_does_not_wait_for_tokens, guarded()) {
    WebSocketClient alice = co_await join(server, "Alice", 24h);
    WebSocketClient phone = co_await join(server, "Alice", 24h);
    Task stopping = co_await Task::start(server.stop());
    co_await alice.expect_close(1001);
    co_await phone.expect_close(1001);
    co_await stopping.join();
}

SERVER_TEST(tokens_that_run_out_all_at_once_end_their_connections, guarded()) {
    constexpr int count = 50;
    const std::string path = target("Alice", token("Alice", 2s));
    std::vector<WebSocketClient> clients;
    clients.reserve(count);
    for (int i = 0; i < count; ++i) {
        clients.push_back(co_await server.connect(path));
    }
    for (WebSocketClient& client : clients) {
        co_await client.receive_json();
        const auto frame = co_await client.receive_json();
        check_error(frame, "token_expired");
        co_await client.expect_close(1008, "Unauthorized");
    }
    co_await server.until_members(0);
    BOOST_TEST(server.chat().refusals().of("token_expired") == 50U);
}

BOOST_AUTO_TEST_SUITE_END()
