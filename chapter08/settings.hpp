// What the program can be told, by the command line, the environment or a file.
#pragma once

#include "beastapi/app.hpp"
#include "chat/chat_settings.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

struct Settings {
    beastapi::ServerSettings server;
    chat::ChatSettings chat;
    /// As given; else server.reserved_connections is a tenth where tokens give the names.
    std::optional<std::size_t> reserved_connections;
    bool no_echo = false;
    std::vector<std::string> allow_origins;  ///< see beastapi::CORSMiddleware
    std::vector<std::string> allowed_hosts;  ///< see beastapi::TrustedHostMiddleware
    std::vector<std::string> monitor_hosts;  ///< see routers::MonitorAccess
    /// Of the pages in static_dir; empty: the strict one of beastapi::SecurityHeaders.
    std::string content_security_policy;
    bool inspect = false;  ///< see beastapi::AppInfo
    std::string log_level = "info";
    std::string security_log{};  ///< a file, `-` for stderr, or empty for none
    std::filesystem::path static_dir;
    std::filesystem::path swagger_ui_dir;
    std::filesystem::path uplot_dir;
    std::filesystem::path tutorial_dir;  ///< the built site; it may not be there
};

/// Settings, or, if there is nothing to run (`--help`, a usage error), the status to exit with.
struct ParsedSettings {
    std::optional<Settings> settings;
    int exit_code = 0;
};

/// Reads the command line, then `CHAT_…` variables, then the file named by `--config`; the first
/// that names a setting wins. A usage error is said on stderr in one line.
ParsedSettings parse_settings(int argc, char** argv);
