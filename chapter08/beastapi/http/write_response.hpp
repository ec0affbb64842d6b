// Writes an HTTP response to a connection.
#pragma once

#include "beastapi/awaitable.hpp"
#include "beastapi/net/outbox.hpp"
#include "beastapi/response.hpp"

#include <boost/system/error_code.hpp>

#include <memory>

namespace beastapi::detail {

/// Returns when the outbox has taken it all, or why the response's file cannot be opened: then
/// nothing has been written. `to_head`: to a HEAD request, so without a body. Throws
/// boost::system::system_error if the connection fails.
awaitable<boost::system::error_code> write_response(std::shared_ptr<Outbox> outbox,
                                                    Response response, bool to_head,
                                                    bool keep_alive);

/// The head of an answer whose body is written piece by piece behind it.
awaitable<void> write_stream_head(std::shared_ptr<Outbox> outbox, Response response, bool chunked,
                                  bool keep_alive);

/// Tells the client to send the body (RFC 9110, section 15.2.1).
awaitable<void> write_continue(std::shared_ptr<Outbox> outbox);

}  // namespace beastapi::detail
