#include "beastapi/security_headers.hpp"

namespace beastapi {

void SecurityHeaders::apply(Response& response) const {
    // What is served as text is not run because it looks like a script (the Fetch standard,
    // section 3.6).
    response.header("X-Content-Type-Options", "nosniff");
    response.header("Referrer-Policy", referrer_policy);
    const bool has_policy = response.header("Content-Security-Policy").has_value();
    if (response.header("Content-Type").value_or("").starts_with("image/svg") && !has_policy) {
        response.header("Content-Security-Policy", svg_policy);
    }
    if (!response.is_html()) {
        return;
    }
    if (!has_policy) {
        response.header("Content-Security-Policy", content_security_policy);
    }
    // What frame-ancestors says, for browsers that do not know it (RFC 7034).
    response.header("X-Frame-Options", "SAMEORIGIN");
}

}  // namespace beastapi
