// HTTP as a client speaks it, read with no help from what the server is built with.
#pragma once

#include "support/tcp_client.hpp"

#include <boost/json/object.hpp>

#include <map>
#include <string>

namespace test {

struct HttpResponse {
    unsigned status = 0;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;

    /// The header of that name, in lower case; empty if there is none.
    std::string header(const std::string& name) const;
    /// The body, which has to be a JSON object.
    boost::json::object json() const;
};

/// Sends `METHOD target`, with `headers` as lines that each end with \r\n, on an open connection.
awaitable<void> send_request(TcpClient& client, std::string method, std::string target,
                             std::string headers = {},
                             source_location where = source_location::current());

/// Reads one response; `to_head` because the answer to HEAD has no body, whatever it says.
awaitable<HttpResponse> read_response(TcpClient& client, bool to_head = false,
                                      source_location where = source_location::current());

/// One request on a connection of its own.
awaitable<HttpResponse> request(unsigned short port, std::string method, std::string target,
                                std::string headers = {},
                                source_location where = source_location::current());
awaitable<HttpResponse> get(unsigned short port, std::string target, std::string headers = {},
                            source_location where = source_location::current());

/// Sends these bytes on a connection of its own, and reads the response.
awaitable<HttpResponse> send_raw(unsigned short port, std::string bytes,
                                 source_location where = source_location::current());

/// The opening handshake of a WebSocket (RFC 6455, section 4.1), with `headers` added to it.
std::string handshake_request(std::string target, std::string headers = {});

}  // namespace test
