// What can be done with a database beside the chat, or without it.
#pragma once

#include "log/database.hpp"

#include <filesystem>
#include <iosfwd>
#include <stdexcept>
#include <string>
#include <vector>

namespace history {

/// What was asked for can't be done. `what()` says why, in one line.
class HistoryError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Writes messages, one line each, of one conversation, or, if that is empty, of all.
void export_lines(const std::filesystem::path& file, const std::string& conversation,
                  std::ostream& out);

/// Reads such lines into the file, all or none of them. Returns how many.
std::size_t import_lines(const std::filesystem::path& file, std::istream& in);

/// Says what is in the file. False if it's damaged; then it says how.
bool check(const std::filesystem::path& file, std::ostream& out);

/// Makes the file as small as it can be, and says how small that is.
void compact(const std::filesystem::path& file, std::ostream& out);

}  // namespace history
