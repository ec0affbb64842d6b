#include "beastapi/response.hpp"

#include "beastapi/http/text.hpp"
#include "beastapi/json.hpp"
#include "beastapi/net/foreign_text.hpp"

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace beastapi {

namespace {

std::string_view content_type_of(const std::filesystem::path& path) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 20> types{{
        {".css", "text/css; charset=utf-8"},
        {".gif", "image/gif"},
        {".htm", "text/html; charset=utf-8"},
        {".html", "text/html; charset=utf-8"},
        {".ico", "image/x-icon"},
        {".jpeg", "image/jpeg"},
        {".jpg", "image/jpeg"},
        {".js", "text/javascript; charset=utf-8"},
        {".json", "application/json"},
        {".map", "application/json"},
        {".md", "text/markdown; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".pdf", "application/pdf"},
        {".png", "image/png"},
        {".svg", "image/svg+xml"},
        {".txt", "text/plain; charset=utf-8"},
        {".wasm", "application/wasm"},
        {".webp", "image/webp"},
        {".woff2", "font/woff2"},
        {".xml", "application/xml"},
    }};
    const std::string suffix = path.extension().string();
    const auto found = std::find_if(types.begin(), types.end(), [&](const auto& type) {
        return detail::iequals(type.first, suffix);
    });
    return found == types.end() ? "application/octet-stream" : found->second;
}

}  // namespace

Response::Response(unsigned status, std::string content_type, std::string body)
    : status_(status), body_(std::move(body)) {
    header("Content-Type", std::move(content_type));
}

Response::Response(const boost::json::value& body, unsigned status)
    : Response(status, "application/json", json_dumps(body)) {}

Response Response::empty(unsigned status) {
    return Response(status);
}

Response& Response::header(std::string_view name, std::string value) {
    using namespace std::string_view_literals;
    if (!detail::is_token(name)) {
        throw std::invalid_argument(
            fmt::format("'{}' cannot be the name of a header field", detail::for_log(name)));
    }
    if (value.find_first_of("\r\n\0"sv) != std::string::npos) {
        throw std::invalid_argument(
            fmt::format("the value of the header field {} has a line break or a NUL", name));
    }
    if (!detail::iequals(name, "Set-Cookie")) {
        for (auto& [have, old_value] : headers_) {
            if (detail::iequals(have, name)) {
                old_value = std::move(value);
                return *this;
            }
        }
    }
    headers_.emplace_back(name, std::move(value));
    return *this;
}

Response& Response::add_to_list(std::string_view name, std::string_view item) {
    const std::string_view list = header(name).value_or("");
    if (list.empty()) {
        return header(name, std::string(item));
    }
    return detail::list_contains(list, item) ? *this
                                             : header(name, fmt::format("{}, {}", list, item));
}

std::optional<std::string_view> Response::header(std::string_view name) const {
    for (const auto& [have, value] : headers_) {
        if (detail::iequals(have, name)) {
            return value;
        }
    }
    return std::nullopt;
}

bool Response::is_html() const {
    return header("Content-Type").value_or("").starts_with("text/html");
}

bool Response::is_json() const {
    return header("Content-Type").value_or("") == "application/json";
}

Response JSONResponse(const boost::json::value& body, unsigned status) {
    return Response(body, status);
}

Response HTMLResponse(std::string body, unsigned status) {
    return Response(status, "text/html; charset=utf-8", std::move(body));
}

Response PlainTextResponse(std::string body, unsigned status) {
    return Response(status, "text/plain; charset=utf-8", std::move(body));
}

Response RedirectResponse(std::string url, unsigned status) {
    Response response = Response::empty(status);
    response.header("Location", std::move(url));
    return response;
}

Response FileResponse(const std::filesystem::path& path, unsigned status) {
    // stat() gives the wall-clock time of the change, which std::filesystem in C++20 on GCC 12 does
    // not.
    struct stat found{};
    if (::stat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) {
        return error_response(404, "Not Found");
    }
    Response response(status);
    response.header("Content-Type", std::string(content_type_of(path)));
    response.header("Last-Modified",
                    detail::http_date(std::chrono::system_clock::from_time_t(found.st_mtime)));
    response.header("ETag", fmt::format("\"{:x}-{:x}-{:x}\"", found.st_mtim.tv_sec,
                                        found.st_mtim.tv_nsec, found.st_size));
    // Otherwise a browser guesses how long a file stays as it is, and mixes old ones with new ones.
    response.header("Cache-Control", "no-cache");
    response.file_ = path;
    return response;
}

Response error_response(unsigned status, std::string_view detail) {
    boost::json::object body;
    body["detail"] = detail;
    return Response(std::move(body), status);
}

}  // namespace beastapi
