// From a request as Beast reads it to one as handlers see it.
#pragma once

#include "beastapi/request.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <optional>

namespace beastapi::detail {

using HttpMessage = boost::beast::http::request<boost::beast::http::string_body>;

/// Nothing if the target is malformed.
std::optional<Request> to_request(const HttpMessage& message,
                                  const boost::asio::ip::tcp::endpoint& client);

/// Whether it has the one Host that HTTP/1.1 asks for (RFC 9112, section 3.2). With two, a proxy
/// and this server could each believe another.
bool names_one_host(const HttpMessage& message);

}  // namespace beastapi::detail
