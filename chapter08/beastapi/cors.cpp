#include "beastapi/cors.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace beastapi {

namespace {

bool contains(const std::vector<std::string>& list, std::string_view item) {
    return std::find(list.begin(), list.end(), item) != list.end();
}

}  // namespace

bool CORSMiddleware::allows_origin(std::string_view origin) const {
    return contains(allow_origins, "*") || contains(allow_origins, origin);
}

std::optional<Response> CORSMiddleware::preflight(const Request& request) const {
    const auto origin = request.headers.get("Origin");
    const auto method = request.headers.get("Access-Control-Request-Method");
    if (request.method != "OPTIONS" || !origin || !method) {
        return std::nullopt;
    }
    std::vector<std::string> refused;
    if (!allows_origin(*origin)) {
        refused.emplace_back("origin");
    }
    if (!contains(allow_methods, "*") && !contains(allow_methods, *method)) {
        refused.emplace_back("method");
    }
    const auto headers = request.headers.get("Access-Control-Request-Headers");
    Response response =
        refused.empty()
            ? PlainTextResponse("OK")
            : PlainTextResponse(fmt::format("Disallowed CORS {}", fmt::join(refused, ", ")), 400);
    apply(request, response);
    response.header("Access-Control-Allow-Methods",
                    contains(allow_methods, "*")
                        ? "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
                        : fmt::format("{}", fmt::join(allow_methods, ", ")));
    response.header("Access-Control-Max-Age", fmt::format("{}", max_age.count()));
    if (contains(allow_headers, "*") && headers) {
        response.header("Access-Control-Allow-Headers", std::string(*headers));
    } else if (!allow_headers.empty()) {
        response.header("Access-Control-Allow-Headers",
                        fmt::format("{}", fmt::join(allow_headers, ", ")));
    }
    return response;
}

void CORSMiddleware::apply(const Request& request, Response& response) const {
    const auto origin = request.headers.get("Origin");
    if (!origin || !allows_origin(*origin)) {
        return;
    }
    // With credentials a browser does not take `*` for an answer (the Fetch standard,
    // section 3.3.5).
    const bool any = contains(allow_origins, "*") && !allow_credentials;
    response.header("Access-Control-Allow-Origin", any ? "*" : std::string(*origin));
    if (allow_credentials) {
        response.header("Access-Control-Allow-Credentials", "true");
    }
    if (!any) {
        response.header("Vary", "Origin");
    }
}

}  // namespace beastapi
