#include "support/http_client.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <string_view>

namespace test {

namespace {

std::string lower(std::string_view text) {
    std::string lowered(text);
    std::transform(lowered.begin(), lowered.end(), lowered.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return lowered;
}

HttpResponse parse_head(std::string_view head, source_location where) {
    const auto malformed = [&] {
        return std::runtime_error(
            fmt::format("{}: no HTTP response: '{}'", to_string(where), head));
    };
    if (!head.starts_with("HTTP/1.1 ") || head.size() < 12) {
        throw malformed();
    }
    HttpResponse response;
    response.status = static_cast<unsigned>(std::stoul(std::string(head.substr(9, 3))));
    std::string_view rest = head.substr(head.find("\r\n") + 2);
    while (!rest.starts_with("\r\n")) {
        const std::string_view line = rest.substr(0, rest.find("\r\n"));
        const std::size_t colon = line.find(": ");
        if (colon == std::string_view::npos) {
            throw malformed();
        }
        const auto [field, is_new] = response.headers.emplace(lower(line.substr(0, colon)),
                                                              std::string(line.substr(colon + 2)));
        if (!is_new) {
            throw std::runtime_error(
                fmt::format("{}: '{}' came twice", to_string(where), field->first));
        }
        rest.remove_prefix(line.size() + 2);
    }
    return response;
}

}  // namespace

std::string HttpResponse::header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
}

boost::json::object HttpResponse::json() const {
    return boost::json::parse(body).as_object();
}

awaitable<void> send_request(TcpClient& client, std::string method, std::string target,
                             std::string headers, source_location where) {
    std::string head =
        fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", method, target, headers);
    co_await client.send(std::move(head), where);
}

awaitable<HttpResponse> read_response(TcpClient& client, bool to_head, source_location where) {
    const std::string head = co_await client.read_until("\r\n\r\n", where);
    HttpResponse response = parse_head(head, where);
    const std::string length = response.header("content-length");
    const bool has_body = !to_head && response.status != 304 && response.status != 101;
    if (has_body && length.empty()) {
        throw std::runtime_error(fmt::format("{}: no Content-Length in a response with status {}",
                                             to_string(where), response.status));
    }
    if (has_body) {
        response.body = co_await client.read(std::stoul(length), where);
    }
    co_return response;
}

awaitable<HttpResponse> request(unsigned short port, std::string method, std::string target,
                                std::string headers, source_location where) {
    TcpClient client = co_await TcpClient::connect(port, 0, where);
    co_await send_request(client, method, std::move(target), std::move(headers), where);
    HttpResponse response = co_await read_response(client, method == "HEAD", where);
    co_return response;
}

awaitable<HttpResponse> get(unsigned short port, std::string target, std::string headers,
                            source_location where) {
    return request(port, "GET", std::move(target), std::move(headers), where);
}

awaitable<HttpResponse> send_raw(unsigned short port, std::string bytes, source_location where) {
    TcpClient client = co_await TcpClient::connect(port, 0, where);
    co_await client.send(std::move(bytes), where);
    HttpResponse response = co_await read_response(client, false, where);
    co_return response;
}

std::string handshake_request(std::string target, std::string headers) {
    return fmt::format(
        "GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{}\r\n",
        target, headers);
}

}  // namespace test
