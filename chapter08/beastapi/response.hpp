// What a handler answers: FastAPI's JSONResponse, HTMLResponse, PlainTextResponse and FileResponse.
#pragma once

#include <boost/json/value.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace beastapi {

namespace detail {
struct StreamBody;
}

/// Names and values of header fields, in their order.
using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// An HTTP response. The server adds Content-Length, Date and Connection.
class Response {
public:
    /// 200 without content, as Python's `Response()`.
    Response() = default;

    Response(unsigned status, std::string content_type, std::string body);

    /// A handler that returns JSON answers 200 with it, as in FastAPI.
    Response(const boost::json::value& body,
             unsigned status = 200);  // NOLINT(google-explicit-constructor)

    /// A response without content, such as 304.
    static Response empty(unsigned status);

    /// Sets a header field: it replaces the one of that name, except for `Set-Cookie`, of which a
    /// response may have several (RFC 6265, section 3). Throws std::invalid_argument if `name` is
    /// not a token, or if `value` has a line break or a NUL (RFC 9110, section 5.5): with those, a
    /// value from a client could add header fields of its own.
    Response& header(std::string_view name, std::string value);

    /// Adds `item` to a header field that is a list, such as `Vary`, unless it is in the list.
    /// Throws as header() does.
    Response& add_to_list(std::string_view name, std::string_view item);

    /// The first value of that name, or nothing.
    std::optional<std::string_view> header(std::string_view name) const;
    const HeaderList& headers() const noexcept { return headers_; }

    bool is_html() const;
    bool is_json() const;

    unsigned status() const noexcept { return status_; }
    const std::string& body() const noexcept { return body_; }

    /// The file to send instead of body(), if any.
    const std::optional<std::filesystem::path>& file() const noexcept { return file_; }

    /// What writes the body, in place of body(); null for most. See streaming.hpp.
    const std::shared_ptr<const detail::StreamBody>& stream() const noexcept { return stream_; }
    void set_stream(std::shared_ptr<const detail::StreamBody> stream) noexcept {
        stream_ = std::move(stream);
    }

private:
    friend Response FileResponse(const std::filesystem::path& path, unsigned status);
    explicit Response(unsigned status) : status_(status) {}

    unsigned status_ = 200;
    HeaderList headers_;
    std::string body_;
    std::optional<std::filesystem::path> file_;
    std::shared_ptr<const detail::StreamBody> stream_;
};

Response JSONResponse(const boost::json::value& body, unsigned status = 200);
Response HTMLResponse(std::string body, unsigned status = 200);
Response PlainTextResponse(std::string body, unsigned status = 200);

/// Sends a file, with its content type by its suffix, Last-Modified and ETag (RFC 9110,
/// section 8.8), and Cache-Control: no-cache, so that a browser asks before it uses a copy. 404 if
/// there is no such file.
Response FileResponse(const std::filesystem::path& path, unsigned status = 200);

/// Sends the client elsewhere: `url` is what `Location` says (RFC 9110, section 10.2.2).
Response RedirectResponse(std::string url, unsigned status = 307);

/// FastAPI's shape of an error: `{"detail": …}`.
Response error_response(unsigned status, std::string_view detail);

}  // namespace beastapi
