// A folder served over HTTP: FastAPI's (Starlette's) StaticFiles.
#pragma once

#include "beastapi/request.hpp"
#include "beastapi/response.hpp"

#include <filesystem>
#include <string_view>

namespace beastapi {

struct StaticFilesSettings {
    /// Serves a site: for a folder its index.html, at an address that ends with a slash (another
    /// one is redirected there), and for what is not found the page 404.html, if there is one.
    bool html = false;
};

/// Serves the files below a folder, to be mounted by App::mount().
///
/// GET and HEAD; answers 304 to If-None-Match and If-Modified-Since (RFC 9110, section 13). What is
/// not a file inside the folder, after symbolic links are followed, is 404.
class StaticFiles {
public:
    /// Throws std::invalid_argument if `directory` is no folder.
    explicit StaticFiles(const std::filesystem::path& directory, StaticFilesSettings settings = {});

    /// `path` is relative to the folder, and percent-encoded.
    Response get(const Request& request, std::string_view path) const;

    const StaticFilesSettings& settings() const noexcept { return settings_; }

private:
    Response find(const Request& request, std::string_view path) const;

    std::filesystem::path directory_;
    StaticFilesSettings settings_;
};

/// Turns `response` into 304 Not Modified if the request says that the client has this version.
Response if_modified(const Request& request, Response response);

}  // namespace beastapi
