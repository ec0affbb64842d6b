// The source files that the inspector names, and their lines.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace beastapi::inspect {

/// Any thread may ask.
class Sources {
public:
    struct Line {
        std::string file;  ///< such as `chapter08/routers/websocket.cpp`
        std::optional<std::string>
            text{};  ///< without blanks around it; nothing: no such file here
    };

    /// `root` is what names are relative to.
    explicit Sources(std::filesystem::path root) : root_(std::move(root)) {}

    Line line(const std::source_location& where);

    /// The whole file; nothing unless line() has named it.
    std::optional<std::string> text(std::string_view name);

    /// Those of this project.
    static Sources& instance();

private:
    struct File {
        std::string name;
        std::filesystem::path path;
        std::vector<std::string> lines;
    };

    const File& file(const char* compiled_name);
    File find(std::string_view compiled_name) const;

    std::filesystem::path root_;
    std::mutex mutex_;
    std::unordered_map<const char*, File> files_;  // by the compiler's names, which are literals
    std::map<std::string, std::filesystem::path, std::less<>> named_;
};

}  // namespace beastapi::inspect
