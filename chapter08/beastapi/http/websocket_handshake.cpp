#include "beastapi/http/websocket_handshake.hpp"

#include "beastapi/http/text.hpp"

namespace beastapi::detail {

std::optional<Response> handshake_refusal(const Request& request) {
    if (request.headers.get("Sec-WebSocket-Version") != "13") {
        Response response = error_response(426, "This server speaks WebSocket version 13");
        response.header("Sec-WebSocket-Version", "13");
        response.header("Upgrade", "websocket").header("Connection", "Upgrade");
        return response;
    }
    constexpr std::size_t key_size = 24;  // 16 bytes in Base64
    constexpr std::string_view base64 =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::string_view key = request.headers.get("Sec-WebSocket-Key").value_or("");
    if (key.size() != key_size || !key.ends_with("==") ||
        key.find_first_not_of(base64) != key_size - 2) {
        return error_response(400, "Sec-WebSocket-Key is missing, or not 16 bytes in Base64");
    }
    return std::nullopt;
}

std::string first_subprotocol(const Request& request) {
    const auto offered =
        parse_token_list(request.headers.get("Sec-WebSocket-Protocol").value_or(""));
    return offered && !offered->empty() ? std::string(offered->front()) : std::string();
}

}  // namespace beastapi::detail
