// An answer that is thrown: FastAPI's HTTPException.
#pragma once

#include "beastapi/response.hpp"

#include <exception>
#include <string>

namespace beastapi {

/// Thrown by a handler of HTTP, or by a function that it calls: the answer is `{"detail": …}` with
/// that status, and nothing is logged. In a WebSocket's handler it's an exception like any other.
class HTTPException : public std::exception {
public:
    /// An empty `detail` means the status's own phrase, such as `Not Found`. Throws
    /// std::invalid_argument as Response::header() does.
    explicit HTTPException(unsigned status, std::string detail = {},
                           const HeaderList& headers = {});

    unsigned status() const noexcept { return response_.status(); }
    const std::string& detail() const noexcept { return detail_; }
    const char* what() const noexcept override { return detail_.c_str(); }

    /// What the client gets.
    const Response& response() const noexcept { return response_; }

private:
    std::string detail_;
    Response response_;
};

}  // namespace beastapi
