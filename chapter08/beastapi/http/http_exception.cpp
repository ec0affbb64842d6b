#include "beastapi/http_exception.hpp"

#include <boost/beast/http/status.hpp>

namespace beastapi {

namespace {

std::string phrase_of(unsigned status) {
    namespace http = boost::beast::http;
    return std::string(http::obsolete_reason(http::int_to_status(status)));
}

}  // namespace

HTTPException::HTTPException(unsigned status, std::string detail, const HeaderList& headers)
    : detail_(detail.empty() ? phrase_of(status) : std::move(detail)),
      response_(error_response(status, detail_)) {
    for (const auto& [name, value] : headers) {
        response_.header(name, value);
    }
}

}  // namespace beastapi
