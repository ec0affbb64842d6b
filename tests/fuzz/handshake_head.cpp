// Fuzzes the head of a request: what Beast's parser, configured as the server does it, makes of the
// bytes, and what the layer makes of that, up to the handshake of a WebSocket.
#include "beastapi/http/http_request.hpp"
#include "beastapi/http/route_template.hpp"
#include "beastapi/http/text.hpp"
#include "beastapi/http/websocket_handshake.hpp"
#include "fuzz/fuzz.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

using namespace beastapi;

namespace {

void check_handshake(const Request& request) {
    const auto refusal = detail::handshake_refusal(request);
    fuzz::expect(!refusal || refusal->status() == 400 || refusal->status() == 426,
                 "a handshake is refused with 400 or 426");
    fuzz::expect(refusal || request.headers.get("Sec-WebSocket-Key")->size() == 24,
                 "a handshake has a key");
    const std::string subprotocol = detail::first_subprotocol(request);
    fuzz::expect(subprotocol.find(',') == std::string::npos, "a subprotocol is one");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    boost::beast::http::request_parser<boost::beast::http::string_body> parser;
    parser.eager(true);
    parser.header_limit(16 * 1024);
    parser.body_limit(64 * 1024);
    boost::system::error_code error;
    std::size_t used = 0;
    while (!error && !parser.is_done() && used < size) {
        const std::size_t taken = parser.put(boost::asio::buffer(data + used, size - used), error);
        if (taken == 0) {
            break;
        }
        used += taken;
    }
    if (error || !parser.is_done()) {
        return 0;
    }
    const detail::HttpMessage message = parser.release();
    const auto request = detail::to_request(message, {});
    if (!request) {
        return 0;
    }
    fuzz::expect(request->path.starts_with('/'), "a path begins with a slash");
    fuzz::expect(detail::percent_decode(request->path).has_value(), "a path can be decoded");
    for (const char c : request->target) {
        fuzz::expect(c > ' ' && c < '\x7f', "a target is printable, so it may be logged");
    }
    static const detail::RouteTemplate chat("/ws/chat/{username}");
    chat.match(request->path);
    if (boost::beast::websocket::is_upgrade(message)) {
        check_handshake(*request);
    }
    return 0;
}
