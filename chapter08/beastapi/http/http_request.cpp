#include "beastapi/http/http_request.hpp"

#include "beastapi/http/text.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace beastapi::detail {

std::optional<Request> to_request(const HttpMessage& message,
                                  const boost::asio::ip::tcp::endpoint& client) {
    Request request;
    request.method = std::string(message.method_string());
    request.target = percent_encode_unsafe({message.target().data(), message.target().size()});
    std::string_view rest = request.target;
    if (!rest.starts_with('/')) {
        // A proxy may send the whole URL (RFC 9112, section 3.2.2).
        const std::size_t authority = rest.find("://");
        const std::size_t path =
            authority == std::string_view::npos ? authority : rest.find('/', authority + 3);
        if (path == std::string_view::npos) {
            return std::nullopt;
        }
        rest.remove_prefix(path);
    }
    const std::size_t question = std::min(rest.find('?'), rest.size());
    request.path = std::string(rest.substr(0, question));
    auto query = parse_query(rest.substr(std::min(rest.size(), question + 1)));
    if (!query || !percent_decode(request.path)) {
        return std::nullopt;
    }
    request.query_params = std::move(*query);
    for (const auto& field : message) {
        request.headers.add({field.name_string().data(), field.name_string().size()},
                            {field.value().data(), field.value().size()});
    }
    request.client = {client.address().to_string(), client.port()};
    request.body = message.body();
    return request;
}

bool names_one_host(const HttpMessage& message) {
    const auto hosts = message.count(boost::beast::http::field::host);
    return hosts == 1 || (hosts == 0 && message.version() < 11);
}

}  // namespace beastapi::detail
