// An option of the command line that is a time in seconds.
#pragma once

#include <CLI/App.hpp>

#include <chrono>
#include <string>

/// With fractions, from `least` to `most`.
void add_seconds(CLI::App& app, const std::string& name, const std::string& variable,
                 std::chrono::steady_clock::duration& into, double least,
                 const std::string& description, double most = 86'400);
