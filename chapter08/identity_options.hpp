// The settings of tokens: which options there are, and the key that they name.
#pragma once

#include "chat/identity.hpp"

#include <CLI/CLI.hpp>

#include <optional>
#include <string>

/// As they are written, before any file is read.
struct IdentityOptions {
    std::string secret_file{};
    std::string public_key_file{};
    std::string algorithm{};
    std::string audience{};
    std::string issuer{};
};

/// Adds `--jwt-…` to the program's options.
void add_identity_options(CLI::App& app, IdentityOptions& options);

/// Whose tokens are believed; nothing if tokens are not asked for. Throws CLI::ValidationError if
/// the options do not go together, a file cannot be read, or the key is none for the algorithm.
std::optional<chat::IdentitySettings> read_identity(const IdentityOptions& options);
