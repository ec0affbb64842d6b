// The description of the WebSocket endpoints that `/asyncapi.json` serves.
#pragma once

#include "beastapi/router.hpp"

#include <boost/json/object.hpp>

#include <list>
#include <string_view>

namespace beastapi {

/// Describes the WebSocket endpoints as AsyncAPI 3.0 does: a channel for each, with the messages of
/// Route::receives() and Route::sends(), and an operation for each direction. It says `receive`
/// where clients send and `send` where they receive, because it's the server's description.
boost::json::object asyncapi(std::string_view title, std::string_view version,
                             std::string_view description, const std::list<Route>& routes);

/// Says where the server is, as the client that asks knows it. Nothing if it didn't say.
void add_server(boost::json::object& document, std::string_view host, bool is_secure);

/// What an endpoint gives for messages that aren't JSON.
boost::json::object text_message(std::string_view summary);
boost::json::object binary_message(std::string_view summary);

}  // namespace beastapi
