// A chat that nobody enters without a token, how many sessions a token gives, and the log of who
// was turned away.
#include "beastapi/security_log.hpp"
#include "support/keys.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_server.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <fstream>

using namespace test;
using std::chrono::system_clock;

namespace {

const std::string secret = "a secret of 32 bytes, or of more";

TestServerOptions closed(std::size_t max_sessions_per_user = 0) {
    TestServerOptions options = quiet();
    options.chat.identity = chat::IdentitySettings{.key = secret, .leeway = 0s};
    options.chat.require_token = true;
    options.chat.max_sessions_per_user = max_sessions_per_user;
    return options;
}

std::string token(std::string_view name, std::chrono::duration<double> left = 1h) {
    const std::chrono::duration<double> now = system_clock::now().time_since_epoch();
    return make_token(fmt::format(R"({{"sub":"{}","exp":{:.6f}}})", name, (now + left).count()),
                      secret);
}

std::string bearer(std::string_view name) {
    return fmt::format("Authorization: Bearer {}\r\n", token(name));
}

awaitable<WebSocketClient> join(TestServer& server, std::string path, std::string name) {
    const std::string target = fmt::format("{}?token={}", path, token(name));
    WebSocketClient client = co_await server.connect(target);
    const auto welcome = co_await client.receive_json();
    BOOST_TEST(welcome.at("event").as_string() == "welcome");
    co_return client;
}

awaitable<void> expect_refused(TestServer& server, std::string path, std::string reason) {
    WebSocketClient client = co_await server.connect(path);
    co_await client.expect_close(1008, reason);
}

/// Writes the log of security to a file for as long as it lives.
class SecurityLog {
public:
    SecurityLog() { beastapi::open_security_log(file_.string()); }
    ~SecurityLog() { spdlog::drop("security"); }
    SecurityLog(const SecurityLog&) = delete;
    SecurityLog& operator=(const SecurityLog&) = delete;

    std::string text() const {
        std::ifstream file(file_);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    std::vector<boost::json::object> lines() const {
        std::vector<boost::json::object> lines;
        std::ifstream file(file_);
        for (std::string line; std::getline(file, line);) {
            lines.push_back(boost::json::parse(line).as_object());
        }
        return lines;
    }
    /// Waits until so many lines are written.
    awaitable<void> until_lines(std::size_t count) {
        const auto written = [this, count] {
            const std::string all = text();
            return static_cast<std::size_t>(std::count(all.begin(), all.end(), '\n')) >= count;
        };
        co_await until(written, "the lines of the log");
    }

private:
    TemporaryDirectory directory_;
    std::filesystem::path file_ = directory_.path() / "security.log";
};

}  // namespace

BOOST_AUTO_TEST_SUITE(require_token)

SERVER_TEST(without_a_token_nobody_gets_in, closed()) {
    co_await expect_refused(server, "/ws/chat", "Unauthorized");
    co_await expect_refused(server, "/ws/chat?room=cpp", "Unauthorized");
    co_await expect_refused(server, "/ws/chat/Alice", "Unauthorized");
    const std::string expired = "/ws/chat?token=" + token("Alice", -1s);
    co_await expect_refused(server, expired, "Unauthorized");
    BOOST_TEST(server.chat().refusals().of("unauthorized") == 4U);
    BOOST_TEST(server.manager().get_connection_count() == 0U);
}

SERVER_TEST(without_a_token_nobody_gets_a_list, closed()) {
    for (const std::string path : {"/ws/status", "/rooms"}) {
        const HttpResponse refused = co_await get(server.port(), path);
        BOOST_TEST(refused.status == 401U);
        BOOST_TEST(refused.header("www-authenticate") == "Bearer");
        BOOST_TEST(refused.body == R"({"detail":"Unauthorized"})");
        const std::string header = bearer("Alice");
        const HttpResponse answer = co_await get(server.port(), path, header);
        BOOST_TEST(answer.status == 200U);
    }
}

SERVER_TEST(with_a_token_one_may_be_there_without_a_name, closed()) {
    WebSocketClient alice = co_await join(server, "/ws/chat/Alice", "Alice");
    WebSocketClient reader = co_await join(server, "/ws/chat", "Bob");
    co_await reader.send_text(R"({"type":"who"})");
    const auto users = co_await reader.receive_json();
    BOOST_TEST((users.at("users") == boost::json::array{"Alice"}));
    const std::string frame = fmt::format(R"({{"type":"refresh","token":"{}"}})", token("Bob", 2h));
    co_await reader.send_text(frame);
    const auto refreshed = co_await reader.receive_json();
    BOOST_TEST(refreshed.at("type").as_string() == "refreshed");
    const std::string others =
        fmt::format(R"({{"type":"refresh","token":"{}"}})", token("Alice", 2h));
    co_await reader.send_text(others);
    const auto refused = co_await reader.receive_json();
    BOOST_TEST(refused.at("code").as_string() == "invalid_token");
}

SERVER_TEST(a_token_that_runs_out_ends_a_connection_without_a_name_too, closed()) {
    const std::string target = "/ws/chat?token=" + token("Alice", 300ms);
    WebSocketClient client = co_await server.connect(target);
    co_await client.receive_json();
    const auto error = co_await client.receive_json();
    BOOST_TEST(error.at("code").as_string() == "token_expired");
    co_await client.expect_close(1008, "Unauthorized");
}

SERVER_TEST(a_user_has_so_many_sessions_under_a_name_and_without_one, closed(2)) {
    WebSocketClient first = co_await join(server, "/ws/chat/Alice", "Alice");
    WebSocketClient second = co_await join(server, "/ws/chat", "ALICE");
    const std::string third = "/ws/chat/Alice?token=" + token("Alice");
    co_await expect_refused(server, third, "Too many sessions");
    BOOST_TEST(server.chat().refusals().of("user_full") == 1U);
    WebSocketClient bob = co_await join(server, "/ws/chat/Bob", "Bob");
    co_await second.close();
    co_await server.until_members(2);
    WebSocketClient again = co_await join(server, "/ws/chat/Alice", "Alice");
}

static TestServerOptions closed_and_limited() {
    TestServerOptions options = closed(1);
    options.chat.message_rate = {.rate = 0.001, .burst = 1};
    return options;
}

SERVER_TEST(the_log_says_who_was_turned_away_and_why_and_no_token, closed_and_limited()) {
    SecurityLog log;
    WebSocketClient alice = co_await join(server, "/ws/chat/Alice", "Alice");
    const std::string again = "/ws/chat/Alice?token=" + token("Alice");
    co_await expect_refused(server, "/ws/chat", "Unauthorized");
    co_await expect_refused(server, "/ws/chat/Mallory?token=a.b.c", "Unauthorized");
    co_await expect_refused(server, again, "Too many sessions");
    for (int i = 0; i < 30; ++i) {
        co_await alice.send_text(R"({"message":"a secret"})");
    }
    co_await server.until_members(0);
    co_await get(server.port(), "/rooms", "Authorization: Bearer x.y.z\r\n");
    co_await log.until_lines(5);

    const auto lines = log.lines();
    const std::vector<std::string> events{"token_missing", "token_refused", "too_many_sessions",
                                          "rate_limit_exceeded", "token_refused"};
    BOOST_TEST_REQUIRE(lines.size() == events.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        BOOST_TEST(lines[i].at("event").as_string() == events[i]);
        BOOST_TEST(lines[i].at("address").as_string() == "127.0.0.1");
        BOOST_TEST(lines[i].at("timestamp").as_string().ends_with("Z"));
    }
    BOOST_TEST(lines[1].at("user").as_string() == "Mallory");
    BOOST_TEST(lines[2].at("user").as_string() == "Alice");
    BOOST_TEST(lines[2].at("reason").as_string() == "1");
    BOOST_TEST(log.text().find("a.b.c") == std::string::npos);
    BOOST_TEST(log.text().find("secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_opened_is_an_error) {
    BOOST_CHECK_THROW(beastapi::open_security_log("/dev/null/security.log"), std::exception);
}

BOOST_AUTO_TEST_SUITE_END()
