#include "beastapi/cors.hpp"

#include "beastapi/http/text.hpp"
#include "beastapi/origin.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace beastapi {

namespace {

/// What a page may send without asking (the Fetch standard, section 2.2.2).
constexpr std::array<std::string_view, 4> safelisted{"Accept", "Accept-Language",
                                                     "Content-Language", "Content-Type"};

bool contains(const std::vector<std::string>& list, std::string_view item) {
    return std::find(list.begin(), list.end(), item) != list.end();
}

}  // namespace

bool CORSMiddleware::allows_origin(std::string_view origin) const {
    const auto is_it = [origin, parsed = parse_origin(origin)](const std::string& allowed) {
        return allowed == origin || (parsed && parse_origin(allowed) == parsed);
    };
    return allows_every_origin() || std::any_of(allow_origins.begin(), allow_origins.end(), is_it);
}

bool CORSMiddleware::allows_every_origin() const {
    return contains(allow_origins, "*");
}

bool CORSMiddleware::allows_headers(std::string_view list) const {
    const auto names = detail::parse_token_list(list);
    if (!names || contains(allow_headers, "*")) {
        return names.has_value();
    }
    const auto is_allowed = [this](std::string_view name) {
        const auto is_name = [name](std::string_view each) { return detail::iequals(each, name); };
        return std::any_of(safelisted.begin(), safelisted.end(), is_name) ||
               std::any_of(allow_headers.begin(), allow_headers.end(), is_name);
    };
    return std::all_of(names->begin(), names->end(), is_allowed);
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
    if (headers && !allows_headers(*headers)) {
        refused.emplace_back("headers");
    }
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
    if (contains(allow_headers, "*") && headers && detail::parse_token_list(*headers)) {
        response.header("Access-Control-Allow-Headers", std::string(*headers));
    } else if (!allow_headers.empty()) {
        response.header("Access-Control-Allow-Headers",
                        fmt::format("{}", fmt::join(allow_headers, ", ")));
    }
    return response;
}

void CORSMiddleware::apply(const Request& request, Response& response) const {
    // With credentials a browser does not take `*` for an answer (the Fetch standard,
    // section 3.3.5).
    const bool any = allows_every_origin() && !allow_credentials;
    if (!any) {
        // Also where the answer is no: a cache must not keep it for a page that may.
        response.add_to_list("Vary", "Origin");
    }
    const auto origin = request.headers.get("Origin");
    if (!origin || !allows_origin(*origin)) {
        return;
    }
    response.header("Access-Control-Allow-Origin", any ? "*" : std::string(*origin));
    if (allow_credentials) {
        response.header("Access-Control-Allow-Credentials", "true");
    }
}

}  // namespace beastapi
