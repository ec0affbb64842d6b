// The settings that say which messages are kept, and where.
#pragma once

#include "chat/chat_settings.hpp"

#include <CLI/App.hpp>

#include <chrono>
#include <cstddef>
#include <optional>

/// What the command line says of it, where that needs the rest of the settings to be understood.
struct HistoryOptions {
    std::optional<std::size_t> messages{};  ///< else it depends on whether there's a database
    double days = 30;
    std::chrono::steady_clock::duration dedup_window = std::chrono::minutes(10);
};

/// What they refer to has to outlive the parsing.
void add_history_options(CLI::App& app, chat::ChatSettings& chat, HistoryOptions& options);

/// Completes the settings once the command line is read.
void read_history(const HistoryOptions& options, chat::ChatSettings& chat);
