// The log on stderr, which can neither stop the server nor end it.
#pragma once

#include <chrono>
#include <string>

/// Logs to stderr from `level` (trace, debug, info, warning, error, critical) on.
///
/// A thread of its own writes the lines. When nobody reads them (a pipe that is full, a terminal
/// that is stopped) the oldest of the lines that wait are dropped, and a line says how many.
void start_logging(const std::string& level);

/// Writes what waits. False if that takes longer than `at_most`, as when nobody reads the log: then
/// the thread is still busy, and only std::_Exit() ends the process.
bool finish_logging(std::chrono::steady_clock::duration at_most);
