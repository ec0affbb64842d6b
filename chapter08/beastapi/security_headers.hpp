// Response headers that tell a browser what it may do with an answer, and what not.
#pragma once

#include "beastapi/response.hpp"

#include <string>

namespace beastapi {

/// Adds the headers that keep a page to what its server meant. To be added by
/// App::add_middleware(); from then on every answer has them, errors too.
struct SecurityHeaders {
    /// For HTML that brings no policy of its own (Content Security Policy Level 3): only the
    /// server's own files run and show, so a message that got into the page as HTML would do
    /// nothing. `'self'` holds for WebSockets, too.
    std::string content_security_policy =
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'self'";
    /// For SVG, which is a document with scripts when somebody opens it by its own address.
    std::string svg_policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
    /// What links to other servers tell them of where one comes from: nothing.
    std::string referrer_policy = "same-origin";

    void apply(Response& response) const;
};

}  // namespace beastapi
