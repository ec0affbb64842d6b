// What a handler learns about the request: FastAPI's `Request`, and the scope of a `WebSocket`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace beastapi {

/// Header fields of a request. Names are compared without regard to case (RFC 9110, section 5.1).
class Headers {
public:
    void add(std::string_view name, std::string_view value);

    /// The first value of that name, or nothing.
    std::optional<std::string_view> get(std::string_view name) const;

private:
    // One string instead of many: an idle connection keeps its headers for as long as it lives.
    std::string lines_;
};

/// Decoded names and values, in the order in which they came: path or query parameters.
class Params {
public:
    void add(std::string name, std::string value);

    /// The first value of that name, or nothing.
    std::optional<std::string_view> get(std::string_view name) const;

    const std::vector<std::pair<std::string, std::string>>& items() const { return items_; }

private:
    std::vector<std::pair<std::string, std::string>> items_;
};

/// Where a client connects from.
struct Address {
    std::string host;
    unsigned short port = 0;
};

struct Request {
    std::string method;
    std::string target;  ///< as sent: path and query, still percent-encoded
    std::string path;    ///< the target without its query, still percent-encoded
    Params path_params;
    Params query_params;
    Headers headers;
    Address client;  ///< behind a trusted proxy, the client that the proxy names, with port 0
    /// `http`, or `https` if a trusted proxy says that the client used TLS.
    std::string_view scheme = "http";
    std::string body;
};

}  // namespace beastapi
