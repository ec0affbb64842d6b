// A folder served over HTTP: FastAPI's (Starlette's) StaticFiles.
#pragma once

#include "beastapi/request.hpp"
#include "beastapi/response.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace beastapi {

struct StaticFilesSettings {
    /// For a site, as FastAPI's `html=True`: `index.html` is served for its folder, whose URL gets
    /// a slash at its end (307), and `404.html` for what is missing. Beyond FastAPI, `/page` is
    /// served `page.html` if there is no file `page`, so links don't have to name the suffix.
    bool html = false;
    /// The policy of the HTML in the folder; empty: that of SecurityHeaders.
    std::string content_security_policy{};
};

/// Serves the files below a folder, to be mounted by App::mount().
///
/// GET and HEAD; answers 304 to If-None-Match and If-Modified-Since (RFC 9110, section 13). What is
/// not a file inside the folder, after symbolic links are followed, is 404, and so is a hidden file
/// or folder, whose name begins with a dot.
class StaticFiles {
public:
    /// Throws std::invalid_argument if `directory` isn't a folder.
    explicit StaticFiles(const std::filesystem::path& directory, StaticFilesSettings settings = {});

    /// `path` is relative to the folder, and percent-encoded.
    Response get(const Request& request, std::string_view path) const;

    const StaticFilesSettings& settings() const noexcept { return settings_; }

private:
    Response find(const Request& request, std::string_view path) const;
    std::optional<std::filesystem::path> file_at(const std::filesystem::path& relative) const;

    std::filesystem::path directory_;
    StaticFilesSettings settings_;
};

/// Turns `response` into 304 Not Modified if the request says that the client has this version.
Response if_modified(const Request& request, Response response);

}  // namespace beastapi
