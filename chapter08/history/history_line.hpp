// A message as a line of JSON: what scripts/history.sh exports and imports.
#pragma once

#include "log/database.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

namespace history {

struct HistoryLine {
    std::string conversation{};  ///< as the log names it: `lobby`, `room:cpp`, `inbox:alice`
    std::string epoch{};
    chat_log::Database::Record record{};
};

/// A line that isn't one of these. `what()` says why.
class InvalidLine : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Without a line break.
std::string write_line(const HistoryLine& line);

/// Throws InvalidLine.
HistoryLine read_line(std::string_view text);

}  // namespace history
