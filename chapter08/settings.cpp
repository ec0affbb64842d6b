#include "settings.hpp"

#include "history_options.hpp"
#include "identity_options.hpp"
#include "seconds_option.hpp"
#include "web_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <map>

namespace {

/// An option of things a second, 0 for any number of them.
void add_rate(CLI::App& app, const std::string& name, const std::string& variable, double& into,
              const std::string& description) {
    app.add_option_function<double>(
           name,
           [&into, name](const double& rate) {
               constexpr double least = 0.001;
               constexpr double most = 1'000'000;
               if (rate != 0 &&
                   !(rate >= least && rate <= most)) {  // not even if it isn't a number
                   throw CLI::ValidationError(
                       name,
                       fmt::format("{} is neither 0 nor {} to {} a second", rate, least, most));
               }
               into = rate;
           },
           description)
        ->envname(variable)
        ->type_name("RATE")
        ->default_str(fmt::format("{}", into));
}

/// An option of how many things may come at once before their rate counts.
void add_burst(CLI::App& app, const std::string& name, const std::string& variable,
               std::uint32_t& into, const std::string& description) {
    app.add_option(name, into, description)
        ->envname(variable)
        ->type_name("COUNT")
        ->check(CLI::Range(1, 1'000'000));
}

/// An option of how many connections there may be.
CLI::Option* add_connections(CLI::App& app, const std::string& name, const std::string& variable,
                             std::size_t& into, const std::string& description) {
    return app.add_option(name, into, description)
        ->envname(variable)
        ->type_name("COUNT")
        ->check(CLI::Range(0, 1'000'000));
}

/// What one client may send, or make the server send.
void add_budget_options(CLI::App& app, const std::string& direction, const std::string& variable,
                        double& rate, std::uint32_t& burst, const std::string& what) {
    static constexpr std::uint32_t most = 1024 * 1024 * 1024;
    const std::string name = "--client-rate-" + direction;
    app.add_option_function<double>(
           name,
           [&rate, name](const double& value) {
               if (value != 0 && !(value >= 1 && value <= most)) {  // not even if it isn't a number
                   throw CLI::ValidationError(
                       name,
                       fmt::format("{} is neither 0 nor 1 to {} bytes a second", value, most));
               }
               rate = value;
           },
           fmt::format("How many bytes a second one client may {}; 0 for no limit", what))
        ->envname("CHAT_CLIENT_RATE_" + variable)
        ->type_name("BYTES")
        ->default_str(fmt::format("{}", rate));
    app.add_option("--client-burst-" + direction, burst,
                   fmt::format("How many bytes it may {} at once, before that rate holds", what))
        ->envname("CHAT_CLIENT_BURST_" + variable)
        ->type_name("BYTES")
        ->check(CLI::Range(std::uint32_t{1024}, most));
}

/// How many connections there may be, how fast they may come, and what a client may cost.
void add_admission_options(CLI::App& app, Settings& settings) {
    beastapi::ServerSettings& server = settings.server;
    add_connections(app, "--max-connections", "CHAT_MAX_CONNECTIONS", server.max_connections,
                    "The most connections at a time, of HTTP and WebSocket; 0 for no limit");
    add_connections(app, "--max-connections-per-address", "CHAT_MAX_CONNECTIONS_PER_ADDRESS",
                    server.max_connections_per_address,
                    "The most connections of one address at a time; 0 for no limit");
    app.add_option_function<std::size_t>(
           "--reserved-connections",
           [&settings](const std::size_t& count) { settings.reserved_connections = count; },
           "How many connections are kept for clients with a token; a tenth, where tokens are on")
        ->envname("CHAT_RESERVED_CONNECTIONS")
        ->type_name("COUNT")
        ->check(CLI::Range(0, 1'000'000));
    add_rate(app, "--connection-rate", "CHAT_CONNECTION_RATE", server.connection_rate,
             "How many new connections a second one address may open; 0 for no limit");
    add_burst(app, "--connection-burst", "CHAT_CONNECTION_BURST", server.connection_burst,
              "How many of them it may open at once, before that rate holds");
    add_rate(app, "--request-rate", "CHAT_REQUEST_RATE", server.request_rate,
             "How many HTTP requests a second one address may send; 0 for no limit");
    add_burst(app, "--request-burst", "CHAT_REQUEST_BURST", server.request_burst,
              "How many of them it may send at once, before that rate holds");
    add_budget_options(app, "in", "IN", server.client_rate_in, server.client_burst_in, "send");
    add_budget_options(app, "out", "OUT", server.client_rate_out, server.client_burst_out,
                       "make the server send");
}

/// What a connection may take, of time and of bytes.
void add_connection_options(CLI::App& app, beastapi::ServerSettings& server) {
    add_seconds(app, "--request-timeout", "CHAT_REQUEST_TIMEOUT", server.request_timeout, 0.01,
                "How long a client may take for a request");
    app.add_option("--max-head-bytes", server.max_head_bytes, "The largest head of a request")
        ->envname("CHAT_MAX_HEAD_BYTES")
        ->type_name("BYTES")
        ->check(CLI::Range(256, 1024 * 1024));
    add_seconds(app, "--handshake-timeout", "CHAT_HANDSHAKE_TIMEOUT", server.handshake_timeout,
                0.01, "How long a WebSocket may take to open, and how long to close");
    add_seconds(
        app, "--ws-ping-interval", "CHAT_WS_PING_INTERVAL", server.ping_interval, 0.01,
        "Between WebSocket pings; a peer that sends nothing from one to the next is dropped");
    app.add_option("--max-message-bytes", server.max_message_bytes, "The largest WebSocket message")
        ->envname("CHAT_MAX_MESSAGE_BYTES")
        ->type_name("BYTES")
        ->check(CLI::Range(1, 64 * 1024 * 1024));
    app.add_option("--outbox-limit", server.outbox_limit,
                   "How much may wait for a reader before it is behind, and has to drain")
        ->envname("CHAT_OUTBOX_LIMIT")
        ->type_name("BYTES")
        ->check(CLI::Range(1024, 1024 * 1024 * 1024));
    app.add_option("--outbox-total", server.outbox_total,
                   "How much may wait for all readers together")
        ->envname("CHAT_OUTBOX_TOTAL")
        ->type_name("BYTES")
        ->check(CLI::Range(std::size_t{1024 * 1024}, std::size_t{1} << 40U));
    add_seconds(app, "--send-timeout", "CHAT_SEND_TIMEOUT", server.send_timeout, 0.01,
                "How long a reader may take nothing of what waits for it, before it is closed");
}

void add_server_options(CLI::App& app, Settings& settings) {
    beastapi::ServerSettings& server = settings.server;
    app.add_option("--host", server.host, "The address to listen at")->envname("CHAT_HOST");
    app.add_option("--port", server.port, "The port to listen at; 0 picks a free one and prints it")
        ->envname("CHAT_PORT")
        ->type_name("PORT")
        ->check(CLI::Range(0, 65535));
    app.add_option("--workers", server.workers,
                   "How many event loops serve, on a thread each; 0 for one a core")
        ->envname("CHAT_WORKERS")
        ->type_name("COUNT")
        ->check(CLI::Range(0, 256));
    add_admission_options(app, settings);
    add_connection_options(app, server);
    add_seconds(app, "--drain-time", "CHAT_DRAIN_TIME", server.drain_time, 0,
                "How long the server still takes clients when it is told to stop, while "
                "/health/ready says 503");
    add_seconds(app, "--shutdown-timeout", "CHAT_SHUTDOWN_TIMEOUT", server.shutdown_timeout, 0,
                "How long the connections get to say goodbye when the server stops");
}

void add_chat_options(CLI::App& app, Settings& settings) {
    chat::ChatSettings& chat = settings.chat;
    app.add_flag("--no-echo", settings.no_echo, "Serve no echo endpoint, /ws")
        ->envname("CHAT_NO_ECHO");
    app.add_option("--locale", chat.locale, "The language of the server's texts: zh-TW or en")
        ->envname("CHAT_LOCALE")
        ->type_name("LOCALE")
        ->default_str("zh-TW")
        ->transform(CLI::CheckedTransformer(
            std::map<std::string, chat::Locale>{{"zh-TW", chat::Locale::zh_tw},
                                                {"en", chat::Locale::en}},
            CLI::ignore_case));
    add_seconds(app, "--heartbeat-interval", "CHAT_HEARTBEAT_INTERVAL", chat.heartbeat_interval,
                0.01, "How often the heartbeat endpoint sends a ping");
    add_seconds(app, "--heartbeat-timeout", "CHAT_HEARTBEAT_TIMEOUT", chat.heartbeat_timeout, 0.01,
                "After how long without a message the heartbeat endpoint closes a connection");
    add_seconds(app, "--presence-interval", "CHAT_PRESENCE_INTERVAL", chat.presence_interval, 0.01,
                "How often members hear who comes and goes, where many do at once");
    add_rate(app, "--message-rate", "CHAT_MESSAGE_RATE", chat.message_rate.rate,
             "How many frames a second a connection may send; 0 for no limit");
    add_burst(app, "--message-burst", "CHAT_MESSAGE_BURST", chat.message_rate.burst,
              "How many frames it may send at once before that counts");
    app.add_option("--max-text-length", chat.max_text_length,
                   "The longest text of a message, in characters; 0: no limit")
        ->envname("CHAT_MAX_TEXT_LENGTH")
        ->type_name("CHARACTERS")
        ->check(CLI::Range(0, 64 * 1024 * 1024));
}

void add_folder_options(CLI::App& app, Settings& settings) {
    app.add_option("--static-dir", settings.static_dir,
                   "The folder served as /static, with chat.html in it")
        ->envname("CHAT_STATIC_DIR")
        ->type_name("DIR")
        ->check(CLI::ExistingDirectory);
    app.add_option("--swagger-ui-dir", settings.swagger_ui_dir,
                   "The npm package swagger-ui-dist, for /docs")
        ->envname("CHAT_SWAGGER_UI_DIR")
        ->type_name("DIR");
    app.add_option("--uplot-dir", settings.uplot_dir, "The npm package uplot, for /status")
        ->envname("CHAT_UPLOT_DIR")
        ->type_name("DIR");
    app.add_option("--tutorial-dir", settings.tutorial_dir,
                   "The folder served as /tutorial: what scripts/docs.sh --build makes")
        ->envname("CHAT_TUTORIAL_DIR")
        ->type_name("DIR");
}

}  // namespace

ParsedSettings parse_settings(int argc, char** argv) {
    Settings settings;
    // What one client may cost: docs/cost.md has the arithmetic.
    settings.server.client_rate_in = 64 * 1024;
    settings.server.client_rate_out = 16 * 1024 * 1024;
    settings.tutorial_dir = CHAPTER08_TUTORIAL_DIR;
    settings.static_dir = CHAPTER08_STATIC_DIR;
    settings.swagger_ui_dir = CHAPTER08_SWAGGER_UI_DIR;
    settings.uplot_dir = CHAPTER08_UPLOT_DIR;

    CLI::App app("The chat server of chapter 08: WebSocket and real-time communication.",
                 "chapter08");
    app.set_version_flag("--version", std::string("chapter08 " CHAPTER08_VERSION));
    std::string config_file;
    app.add_option("--config", config_file,
                   "A TOML or INI file with these settings, named as here without the dashes")
        ->envname("CHAT_CONFIG")
        ->type_name("FILE")
        ->check(CLI::ExistingFile);
    app.allow_config_extras(CLI::config_extras_mode::error);
    app.option_defaults()->always_capture_default();

    app.add_option("--log-level", settings.log_level, "How much is logged to stderr")
        ->envname("CHAT_LOG_LEVEL")
        ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "critical"}));
    app.add_option("--security-log", settings.security_log,
                   "A file to which a line of JSON is added for each client that is turned away "
                   "for its token, its origin or its limits; - for stderr")
        ->envname("CHAT_SECURITY_LOG")
        ->type_name("FILE");
    app.add_flag("--inspect", settings.inspect,
                 "Show every coroutine, and the line in which it waits, at /inspect")
        ->envname("CHAT_INSPECT");
    add_server_options(app, settings);
    add_web_options(app, settings);
    add_chat_options(app, settings);
    HistoryOptions history;
    add_history_options(app, settings.chat, history);
    add_folder_options(app, settings);
    IdentityOptions identity;
    add_identity_options(app, identity);
    app.add_flag("--require-token", settings.chat.require_token,
                 "Let nobody without a token into the chat, or to its lists")
        ->envname("CHAT_REQUIRE_TOKEN");
    app.add_option("--max-sessions-per-user", settings.chat.max_sessions_per_user,
                   "The most chat connections at a time of one user with a token; 0 for no limit")
        ->envname("CHAT_MAX_SESSIONS_PER_USER")
        ->type_name("COUNT")
        ->check(CLI::Range(0, 1'000'000));

    try {
        app.parse(argc, argv);
        if (!config_file.empty()) {
            // With CLI::App::set_config() the file would outweigh the environment.
            std::ifstream file(config_file);
            app.parse_from_stream(file);
        }
        settings.chat.identity = read_identity(identity);
        read_history(history, settings.chat);
        settings.chat.echo = !settings.no_echo;
        constexpr std::size_t tenth = 10;
        settings.server.reserved_connections = settings.reserved_connections.value_or(
            settings.chat.identity ? settings.server.max_connections / tenth : 0);
        complete_web_settings(settings);
        if (settings.chat.require_token && !settings.chat.identity) {
            throw CLI::ValidationError("--require-token",
                                       "needs --jwt-secret-file or --jwt-public-key-file");
        }
    } catch (const CLI::Success& done) {
        return {std::nullopt, app.exit(done)};
    } catch (const CLI::ParseError& error) {
        fmt::print(stderr, "chapter08: {} (--help lists the options)\n", error.what());
        return {std::nullopt, 2};
    }
    return {std::move(settings), 0};
}
