#include "beastapi/inspect/sources.hpp"

#include <fstream>
#include <functional>
#include <iterator>
#include <utility>

namespace beastapi::inspect {

namespace fs = std::filesystem;

namespace {

std::vector<std::string> lines_of(const fs::path& path) {
    std::vector<std::string> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        lines.push_back(std::move(line));
    }
    return lines;
}

std::string without_blanks(const std::string& line) {
    constexpr const char* blanks = " \t\r";
    const auto begin = line.find_first_not_of(blanks);
    return begin == std::string::npos
               ? std::string()
               : line.substr(begin, line.find_last_not_of(blanks) - begin + 1);
}

}  // namespace

Sources::Line Sources::line(const std::source_location& where) {
    const std::lock_guard lock(mutex_);
    const File& known = file(where.file_name());
    Line line{.file = known.name};
    if (where.line() > 0 && where.line() <= known.lines.size()) {
        line.text = without_blanks(known.lines[where.line() - 1]);
    }
    return line;
}

std::optional<std::string> Sources::text(std::string_view name) {
    fs::path path;
    {
        const std::lock_guard lock(mutex_);
        const auto known = named_.find(name);
        if (known == named_.end()) {
            return std::nullopt;
        }
        path = known->second;
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return std::nullopt;
    }
    return std::string(std::istreambuf_iterator<char>(file), {});
}

Sources& Sources::instance() {
    static Sources sources(BEASTAPI_SOURCE_DIR);
    return sources;
}

const Sources::File& Sources::file(const char* compiled_name) {
    const auto [known, is_new] = files_.try_emplace(compiled_name);
    if (is_new) {
        known->second = find(compiled_name);
        named_.emplace(known->second.name, known->second.path);
    }
    return known->second;
}

// The compiler names a file as it was told to: by its whole path, or, through ccache, relative to
// the folder in which it ran. What both have in common is the end.
Sources::File Sources::find(std::string_view compiled_name) const {
    const fs::path given(compiled_name);
    fs::path rest = given.relative_path();
    std::error_code error;
    while (!rest.empty()) {
        if (*rest.begin() != ".." && fs::is_regular_file(root_ / rest, error)) {
            return {rest.generic_string(), root_ / rest, lines_of(root_ / rest)};
        }
        fs::path shorter;
        for (auto part = std::next(rest.begin()); part != rest.end(); ++part) {
            shorter /= *part;
        }
        rest = std::move(shorter);
    }
    // A program of somebody else's.
    const fs::path name = given.parent_path().filename() / given.filename();
    return {name.generic_string(), given, lines_of(given)};
}

}  // namespace beastapi::inspect
