#include "beastapi/static_files.hpp"

#include "beastapi/http/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace beastapi {

namespace fs = std::filesystem;

namespace {

/// Weak comparison with a list such as `"a", W/"b"` or `*` (RFC 9110, section 13.1.2).
bool matches_etag(std::string_view list, std::string_view etag) {
    if (list == "*") {
        return true;
    }
    for (std::size_t at = list.find(etag); at != std::string_view::npos;
         at = list.find(etag, at + 1)) {
        const std::size_t end = at + etag.size();
        if (end == list.size() || list[end] == ',' || list[end] == ' ') {
            return true;
        }
    }
    return false;
}

/// The path below the folder without `.` and `..`, in text alone: the file system is asked once,
/// whatever the path looks like. Nothing if it leads out, is malformed or too long, or names a
/// hidden file. A slash at its end is kept as an empty name, so that a file has no other address.
std::optional<fs::path> normalise(std::string_view path) {
    constexpr std::size_t max_length = 4096;  // PATH_MAX
    constexpr std::size_t max_name_length = 255;
    constexpr std::size_t max_depth = 64;
    auto decoded = path.size() <= max_length ? detail::percent_decode(path) : std::nullopt;
    if (!decoded || decoded->find('\0') != std::string::npos) {
        return std::nullopt;
    }
    std::vector<std::string> names;
    std::istringstream segments(*decoded);
    for (std::string name; std::getline(segments, name, '/');) {
        if (name.empty() || name == ".") {
            continue;
        }
        if (name == ".." && !names.empty()) {
            names.pop_back();
            continue;
        }
        if (name.front() == '.' || name.size() > max_name_length || names.size() == max_depth) {
            return std::nullopt;
        }
        names.push_back(std::move(name));
    }
    fs::path relative;
    for (const std::string& name : names) {
        relative /= name;
    }
    return decoded->ends_with('/') ? relative / "" : relative;
}

bool not_modified(const Request& request, const Response& response) {
    if (const auto none_match = request.headers.get("If-None-Match")) {
        return response.header("ETag") && matches_etag(*none_match, *response.header("ETag"));
    }
    const auto since = request.headers.get("If-Modified-Since");
    const auto modified = response.header("Last-Modified");
    if (!since || !modified) {
        return false;
    }
    const auto since_time = detail::parse_http_date(*since);
    return since_time && detail::parse_http_date(*modified) <= since_time;
}

/// To the same URL with a slash at the end of its path, so that the page's relative links are
/// right.
Response with_slash(const Request& request) {
    // Two slashes at its beginning would lead to another host.
    std::string_view path = request.path;
    path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
    const std::size_t question = std::min(request.target.find('?'), request.target.size());
    return RedirectResponse(fmt::format("/{}/{}", path, request.target.substr(question)));
}

}  // namespace

StaticFiles::StaticFiles(const fs::path& directory, StaticFilesSettings settings)
    : settings_(std::move(settings)) {
    std::error_code error;
    directory_ = fs::canonical(directory, error);
    if (error || !fs::is_directory(directory_)) {
        throw std::invalid_argument(
            fmt::format("the folder '{}' does not exist", directory.string()));
    }
}

Response StaticFiles::get(const Request& request, std::string_view path) const {
    Response response = find(request, path);
    if (response.status() == 404 && settings_.html) {
        if (const auto page = file_at("404.html")) {
            response = FileResponse(*page, 404);
        }
    }
    if (response.is_html() && !settings_.content_security_policy.empty()) {
        response.header("Content-Security-Policy", settings_.content_security_policy);
    }
    return if_modified(request, std::move(response));
}

Response StaticFiles::find(const Request& request, std::string_view path) const {
    const auto normalised = normalise(path);
    if (!normalised) {
        return error_response(404, "Not Found");
    }
    const fs::path& relative = *normalised;
    if (const auto file = file_at(relative)) {
        return FileResponse(*file);
    }
    if (settings_.html) {
        if (const auto index = file_at(relative / "index.html")) {
            return request.path.ends_with('/') ? FileResponse(*index) : with_slash(request);
        }
        if (const auto page = file_at(fs::path(relative) += ".html")) {
            return FileResponse(*page);
        }
    }
    return error_response(404, "Not Found");
}

std::optional<fs::path> StaticFiles::file_at(const fs::path& relative) const {
    std::error_code error;
    fs::path file = fs::canonical(directory_ / relative, error);
    const auto inside =
        std::mismatch(directory_.begin(), directory_.end(), file.begin(), file.end());
    if (error || inside.first != directory_.end() || !fs::is_regular_file(file, error)) {
        return std::nullopt;
    }
    return file;
}

Response if_modified(const Request& request, Response response) {
    if (response.status() != 200 || !not_modified(request, response)) {
        return response;
    }
    Response unchanged = Response::empty(304);
    for (const std::string_view name : {"ETag", "Last-Modified", "Cache-Control"}) {
        if (const auto value = response.header(name)) {
            unchanged.header(name, std::string(*value));
        }
    }
    return unchanged;
}

}  // namespace beastapi
