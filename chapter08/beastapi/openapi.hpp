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

/// The page that shows `openapi_url` with the Swagger UI found under `assets_url`.
std::string swagger_ui_html(std::string_view title, std::string_view openapi_url,
                            std::string_view assets_url);

}  // namespace beastapi
