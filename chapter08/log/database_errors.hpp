// What SQLite's errors mean to the person who runs the server.
#pragma once

#include <filesystem>
#include <string>

namespace chat_log {

/// One line: what is wrong with the file, and what to do. `code` is SQLite's, primary or extended,
/// `system_error` the errno behind it, and `detail` SQLite's own words.
std::string explain_error(const std::filesystem::path& file, int code, int system_error,
                          const std::string& detail);

/// The same of what the system says without SQLite, on opening the file.
std::string explain_open_error(const std::filesystem::path& file, int system_error);

}  // namespace chat_log
