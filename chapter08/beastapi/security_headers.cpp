#include "beastapi/security_headers.hpp"

namespace beastapi {

void SecurityHeaders::apply(Response& response) const {
    // What is served as text is not run because it looks like a script (the Fetch standard,
    // section 3.6).
    response.header("X-Content-Type-Options", "nosniff");
    response.header("Referrer-Policy", referrer_policy);
    if (!response.is_html()) {
        return;
    }
    if (!response.header("Content-Security-Policy")) {
        response.header("Content-Security-Policy", content_security_policy);
    }
    // What frame-ancestors says, for browsers that do not know it (RFC 7034).
    response.header("X-Frame-Options", "SAMEORIGIN");
}

}  // namespace beastapi
