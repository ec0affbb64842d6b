// The tables of frames as AsyncAPI's messages: what `/asyncapi.json` says of the chat.
#pragma once

#include "chat/frame_rules.hpp"

#include <boost/json/object.hpp>

#include <cstddef>

namespace chat {

/// What a client may send, by name. A frame that follows its schema isn't an `invalid_format`, and
/// no other frame is accepted. `max_text_length` in code points; 0: no limit.
boost::json::object schemas_from_client(std::size_t max_text_length);

/// What one of the endpoints sends.
boost::json::object schemas_from_server(Where endpoint);

}  // namespace chat
