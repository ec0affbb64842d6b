// The settings of tokens: which keys the program takes, and how it refuses others.
#include "support/keys.hpp"
#include "support/server_process.hpp"
#include "support/temporary_directory.hpp"
#include "support/websocket_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <ctime>

using namespace test;
using namespace std::string_literals;

namespace {

const std::string secret = "a secret of 32 bytes, or of more";

std::string claims(std::string_view more = "") {
    return fmt::format(R"({{"sub":"Alice","exp":{}{}}})", std::time(nullptr) + 3600, more);
}

std::string token(std::string_view more = "", const std::string& key = secret) {
    return make_token(claims(more), key);
}

awaitable<void> check_let_in(unsigned short port, std::string good, std::string bad) {
    WebSocketClient alice = co_await WebSocketClient::connect(port, "/ws/chat/Alice?token=" + good);
    const auto welcome = co_await alice.receive_json();
    BOOST_TEST(welcome.at("event").as_string() == "welcome");
    WebSocketClient mallory =
        co_await WebSocketClient::connect(port, "/ws/chat/Alice?token=" + bad);
    co_await mallory.expect_close(1008, "Unauthorized");
    co_await alice.close();
}

struct Files {
    std::string file(const std::string& name, std::string_view content) const {
        return directory.write(name, content).string();
    }

    /// What it writes to stderr, all of it, when it is started so.
    static std::string check(const std::string& good, const std::string& bad,
                             std::vector<std::string> arguments,
                             ServerProcess::Environment environment = {}) {
        arguments.insert(arguments.end(), {"--port", "0", "--log-level", "trace"});
        ServerProcess process(std::move(arguments), std::move(environment));
        io_context context{1};
        test::run(context, check_let_in(process.port(), good, bad));
        process.send_signal(SIGTERM);
        BOOST_TEST(process.wait() == 0);
        return process.standard_error() + process.standard_output();
    }

    static void check_refused(std::vector<std::string> arguments, std::string_view why,
                              ServerProcess::Environment environment = {}) {
        // Should it start after all, it shall not take a port that someone uses.
        environment.emplace_back("CHAT_PORT=0");
        ServerProcess process(std::move(arguments), std::move(environment));
        BOOST_TEST(process.wait() == 2, why);
        const std::string& said = process.standard_error();
        BOOST_TEST(std::count(said.begin(), said.end(), '\n') == 1, said);
        BOOST_TEST(said.starts_with("chapter08: "), said);
        BOOST_TEST(said.find(why) != std::string::npos, said);
    }

    TemporaryDirectory directory;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(identity_settings, Files)

BOOST_AUTO_TEST_CASE(a_secret_comes_from_a_file) {
    check(token(), token("", secret + "x"), {"--jwt-secret-file", file("secret", secret)});
    check(token(), token("", secret + "\n"), {"--jwt-secret-file", file("secret", secret + "\n")});
    check(token(), token("", secret + "\r"),
          {"--jwt-secret-file", file("secret", secret + "\r\n"), "--jwt-algorithm", "HS256"});
}

BOOST_AUTO_TEST_CASE(the_secret_may_be_any_bytes) {
    const std::string bytes = "\xFF\0\x01"s + std::string(40, '\xAA');
    check(token("", bytes), token("", "\xFF"), {"--jwt-secret-file", file("secret", bytes)});
}

BOOST_AUTO_TEST_CASE(a_public_key_comes_from_a_file_and_the_algorithm_from_the_setting) {
    const KeyPair rsa = make_rsa_key();
    const std::string rs256 = R"({"alg":"RS256"})";
    check(sign_token(rs256, claims(), "RS256", rsa.private_key), token("", rsa.public_key),
          {"--jwt-public-key-file", file("rsa.pem", rsa.public_key), "--jwt-algorithm", "RS256"});
    const KeyPair ec = make_ec_key();
    const std::string es256 = R"({"alg":"ES256"})";
    check(sign_token(es256, claims(), "ES256", ec.private_key), token("", ec.public_key),
          {"--jwt-public-key-file", file("ec.pem", ec.public_key), "--jwt-algorithm", "ES256"});
}

BOOST_AUTO_TEST_CASE(audience_and_issuer_are_asked_for) {
    const std::string more = R"(,"aud":["mail","chat"],"iss":"school")";
    const std::string path = file("secret", secret);
    check(token(more), token(R"(,"aud":"chat")"),
          {"--jwt-secret-file", path, "--jwt-audience", "chat", "--jwt-issuer", "school"});
    check(token(more), token(R"(,"aud":"mail","iss":"school")"), {},
          {"CHAT_JWT_SECRET_FILE=" + path, "CHAT_JWT_AUDIENCE=chat", "CHAT_JWT_ISSUER=school"});
    const std::string config =
        file("chat.toml", fmt::format("jwt-secret-file = \"{}\"\njwt-audience = \"chat\"\n", path));
    check(token(more), token(), {"--config", config});
}

BOOST_AUTO_TEST_CASE(neither_a_token_nor_the_secret_is_logged) {
    const std::string good = token();
    const std::string bad = token("", secret + "x");
    const std::string log = check(good, bad, {"--jwt-secret-file", file("secret", secret)});
    BOOST_TEST(log.find("unauthorized: the signature is invalid") != std::string::npos, log);
    for (const std::string& text : {good, bad, good.substr(good.rfind('.') + 1),
                                    bad.substr(bad.rfind('.') + 1), secret, "token="s}) {
        BOOST_TEST(log.find(text) == std::string::npos, log);
    }
}

BOOST_AUTO_TEST_CASE(options_that_do_not_go_together_are_refused) {
    const std::string path = file("secret", secret);
    const std::string key = file("rsa.pem", make_rsa_key().public_key);
    check_refused({"--jwt-secret-file", path, "--jwt-public-key-file", key}, "excludes");
    check_refused({"--jwt-secret-file", path}, "excludes", {"CHAT_JWT_PUBLIC_KEY_FILE=" + key});
    check_refused({"--jwt-secret-file", path, "--jwt-algorithm", "RS256"},
                  "RS256 needs --jwt-public-key-file");
    check_refused({"--jwt-public-key-file", key}, "needs --jwt-algorithm RS256 or ES256");
    check_refused({"--jwt-public-key-file", key, "--jwt-algorithm", "HS256"},
                  "needs --jwt-algorithm RS256 or ES256");
    check_refused({"--jwt-secret-file", path, "--jwt-algorithm", "none"}, "none not in");
    for (const char* const option : {"--jwt-audience", "--jwt-issuer"}) {
        check_refused({option, "x"}, "needs --jwt-secret-file or --jwt-public-key-file");
        check_refused({"--jwt-secret-file", path, option, ""}, "must not be empty");
    }
    check_refused({"--require-token"}, "needs --jwt-secret-file or --jwt-public-key-file");
    check_refused({}, "needs --jwt-secret-file", {"CHAT_REQUIRE_TOKEN=true"});
    check_refused({"--jwt-algorithm", "HS256"}, "needs --jwt-secret-file");
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_read_or_holds_no_key_is_refused) {
    const std::string missing = (directory.path() / "missing").string();
    check_refused({"--jwt-secret-file", missing}, "File does not exist");
    check_refused({"--jwt-secret-file", directory.path().string()}, "File is actually a directory");
    // There to be opened, but its first byte cannot be read.
    check_refused({"--jwt-secret-file", "/proc/self/mem"}, "/proc/self/mem cannot be read");
    check_refused({"--jwt-secret-file", file("large", std::string(64 * 1024 + 1, 'x'))},
                  "larger than 64 KiB");
    check_refused({"--jwt-secret-file", file("short", secret.substr(1) + "\n")},
                  "the secret is shorter than 32 bytes");
    check_refused({"--jwt-secret-file", file("empty", "")}, "the secret is shorter than 32 bytes");
    const std::string ec = file("ec.pem", make_ec_key().public_key);
    check_refused({"--jwt-secret-file", ec}, "this is a key in PEM, not a secret");
    check_refused({"--jwt-public-key-file", ec, "--jwt-algorithm", "RS256"},
                  "RS256 needs an RSA key");
    check_refused({"--jwt-public-key-file", file("text", secret), "--jwt-algorithm", "ES256"},
                  "this isn't a public key in PEM");
}

BOOST_AUTO_TEST_SUITE_END()
