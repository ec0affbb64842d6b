#include "beastapi/http/http_errors.hpp"

#include <boost/beast/http/error.hpp>
#include <fmt/format.h>

#include <string>

namespace beastapi::detail {

namespace http = boost::beast::http;
using boost::system::error_code;

Response too_many_requests(std::chrono::steady_clock::duration wait) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait);
    Response response = error_response(429, "Too Many Requests");
    response.header("Retry-After", std::to_string(seconds.count()));
    return response;
}

std::optional<Response> unreadable_request(const error_code& error) {
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
        return error_response(431, "Request Header Fields Too Large");
    }
    if (error == http::error::body_limit) {
        return error_response(413, "Content Too Large");
    }
    static const auto& http_category = error_code(http::error::bad_method).category();
    if (error.category() == http_category && error != http::error::end_of_stream &&
        error != http::error::partial_message) {
        return error_response(400, fmt::format("Malformed request: {}", error.message()));
    }
    return std::nullopt;
}

Response unreadable_file(const error_code& error) {
    if (error == boost::system::errc::too_many_files_open ||
        error == boost::system::errc::too_many_files_open_in_system) {
        return error_response(503, "Service Unavailable");
    }
    return error_response(404, "Not Found");
}

}  // namespace beastapi::detail
