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
std::optional<Request> describe_request(const HttpMessage& message,
                                        const boost::asio::ip::tcp::endpoint& client);

}  // namespace beastapi::detail
