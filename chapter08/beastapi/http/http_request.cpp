#include "beastapi/http/http_request.hpp"

#include "beastapi/http/text.hpp"
#include "beastapi/net/foreign_text.hpp"
#include "beastapi/origin.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace beastapi::detail {

namespace http = boost::beast::http;
namespace urls = boost::urls;

namespace {

constexpr unsigned http_1_1 = 11;

std::string_view view(boost::core::string_view text) {
    return {text.data(), text.size()};
}

std::optional<urls::url_view> parse_target(const std::string& target) {
    if (target.starts_with('/')) {
        const auto url = urls::parse_origin_form(target);
        return url ? std::optional(*url) : std::nullopt;
    }
    const auto url = urls::parse_absolute_uri(target);
    // A name before the host could make one host look like another (RFC 9110, section 4.2.4).
    if (!url ||
        (url->scheme_id() != urls::scheme::http && url->scheme_id() != urls::scheme::https) ||
        !parse_host(view(url->encoded_host_and_port())) || url->has_userinfo() ||
        (!url->encoded_path().empty() && !url->encoded_path().starts_with('/'))) {
        return std::nullopt;
    }
    return *url;
}

}  // namespace

std::optional<Response> refusal_of_head(const HttpMessage& head) {
    const bool is_http_1_0 = head.version() < http_1_1;
    const auto hosts = head.count(http::field::host);
    if (hosts > 1 || (hosts == 0 && !is_http_1_0)) {
        return error_response(400, "Malformed request: it has no Host, or several");
    }
    const auto encodings = head.count(http::field::transfer_encoding);
    if (encodings > 1 ||
        (encodings == 1 && (is_http_1_0 || head.count(http::field::content_length) > 0 ||
                            !iequals(view(head[http::field::transfer_encoding]), "chunked")))) {
        return error_response(400, "Malformed request: Transfer-Encoding can only be chunked");
    }
    if (head.count(http::field::expect) > 0 && !is_http_1_0 && !expects_continue(head)) {
        return error_response(417, "Expectation Failed");
    }
    return std::nullopt;
}

bool expects_continue(const HttpMessage& head) {
    return head.version() >= http_1_1 && head.count(http::field::expect) == 1 &&
           iequals(view(head[http::field::expect]), "100-continue");
}

std::optional<Request> to_request(const HttpMessage& head,
                                  const boost::asio::ip::tcp::endpoint& client) {
    Request request;
    request.method = std::string(head.method_string());
    request.target = percent_encode_unsafe(view(head.target()));
    const auto url = parse_target(request.target);
    if (!url) {
        return std::nullopt;
    }
    const auto path = view(url->encoded_path());
    request.path = path.empty() ? "/" : std::string(path);
    auto query = parse_query(view(url->encoded_query()));
    if (!query) {
        return std::nullopt;
    }
    request.query_params = std::move(*query);
    if (url->has_authority()) {
        request.headers.add("Host", view(url->encoded_host_and_port()));
    }
    for (const auto& field : head) {
        if (field.name() != http::field::host || !url->has_authority()) {
            request.headers.add(view(field.name_string()), view(field.value()));
        }
    }
    request.client = {client.address().to_string(), client.port()};
    return request;
}

}  // namespace beastapi::detail
