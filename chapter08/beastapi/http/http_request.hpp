// From a request as Beast reads it to one as handlers see it.
#pragma once

#include "beastapi/request.hpp"
#include "beastapi/response.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <optional>

namespace beastapi::detail {

using HttpMessage = boost::beast::http::request<boost::beast::http::string_body>;

/// Why the connection has to end after this head, or nothing. Where two programs could read the
/// same bytes in two ways, this server and the proxy before it, it reads them in none:
/// - 400 unless there is the one Host that HTTP/1.1 asks for (RFC 9112, section 3.2),
/// - 400 for a Transfer-Encoding but exactly `chunked`, in HTTP/1.1 and without Content-Length
///   (RFC 9112, section 6.1),
/// - 417 for an Expect but `100-continue` (RFC 9110, section 10.1.1).
std::optional<Response> refusal_of_head(const HttpMessage& head);

/// Whether the client waits for 100 Continue before it sends the body. HTTP/1.0 knows no such thing
/// (RFC 9110, section 10.1.1).
bool expects_continue(const HttpMessage& head);

/// The request without its body; nothing if the target is malformed. A target with scheme and
/// authority is read, too, and its authority replaces Host (RFC 9112, section 3.2.2).
std::optional<Request> to_request(const HttpMessage& head,
                                  const boost::asio::ip::tcp::endpoint& client);

}  // namespace beastapi::detail
