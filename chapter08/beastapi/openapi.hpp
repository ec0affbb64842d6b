// The description of an API that `/openapi.json` serves and Swagger UI shows.
#pragma once

#include "beastapi/router.hpp"

#include <boost/json/object.hpp>

#include <list>
#include <string>
#include <string_view>

namespace beastapi {

/// Describes the routes as OpenAPI 3.0 does. WebSocket endpoints, which FastAPI leaves out, are
/// shown as the GET requests that their handshakes are.
boost::json::object openapi(std::string_view title, std::string_view version,
                            std::string_view description, const std::list<Route>& routes);

/// The page of Swagger UI, with its files found under `assets_url`, and the script that starts it
/// at `script_url`.
std::string swagger_ui_html(std::string_view title, std::string_view script_url,
                            std::string_view assets_url);

/// That script, which shows `openapi_url`. It is not in the page, so that a Content-Security-Policy
/// without inline scripts holds for it.
std::string swagger_ui_script(std::string_view openapi_url);

}  // namespace beastapi
