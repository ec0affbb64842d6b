// Cross-Origin Resource Sharing: FastAPI's CORSMiddleware.
#pragma once

#include "beastapi/request.hpp"
#include "beastapi/response.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace beastapi {

/// Lets pages of other origins read the answers, with the options and the answers of CORSMiddleware
/// (the Fetch standard, section 3.3). To be added by App::add_middleware().
///
/// CORS itself does not hold WebSockets back. Here it does: see App::allows_origin().
struct CORSMiddleware {
    std::vector<std::string> allow_origins;  ///< such as `https://example.org`, or `*` for all
    bool allow_credentials = false;
    std::vector<std::string> allow_methods{"GET"};  ///< or `*`
    std::vector<std::string> allow_headers{};       ///< or `*`
    std::chrono::seconds max_age{600};

    bool allows_origin(std::string_view origin) const;
    bool allows_every_origin() const;

    /// The answer to a preflight request; nothing if `request` is none.
    std::optional<Response> preflight(const Request& request) const;

    /// Adds to `response` what the origin of `request` is allowed.
    void apply(const Request& request, Response& response) const;

private:
    bool allows_headers(std::string_view list) const;
};

}  // namespace beastapi
