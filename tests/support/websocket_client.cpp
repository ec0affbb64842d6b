#include "support/websocket_client.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <array>
#include <stdexcept>

namespace test {

namespace json = boost::json;

namespace {

// What RFC 6455, section 1.3, has for the key that handshake_request() sends.
constexpr std::string_view expected_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

void put_big_endian(std::string& out, std::uint64_t value, std::size_t width) {
    for (std::size_t byte = width; byte-- > 0;) {
        out.push_back(static_cast<char>(value >> (8 * byte) & 0xFF));
    }
}

std::uint64_t big_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (const char byte : bytes) {
        value = value << 8 | static_cast<unsigned char>(byte);
    }
    return value;
}

void require(bool rule_is_kept, std::string_view broken, source_location where) {
    if (!rule_is_kept) {
        throw std::runtime_error(fmt::format("{}: the server {}", to_string(where), broken));
    }
}

std::string describe(const Frame& frame) {
    std::string shown;
    for (const char byte : frame.payload.substr(0, 200)) {
        const bool printable = byte >= ' ' && byte < '\x7f';
        shown += printable ? std::string(1, byte)
                           : fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
    return fmt::format("a frame with opcode {} and payload '{}'", frame.opcode, shown);
}

}  // namespace

std::string encode(const Frame& frame) {
    std::string bytes;
    bytes.push_back(
        static_cast<char>((frame.fin ? 0x80U : 0U) | frame.reserved << 4 | frame.opcode));
    const unsigned mask_bit = frame.masked ? 0x80U : 0U;
    const std::uint64_t size = frame.claimed_size.value_or(frame.payload.size());
    if (size < 126) {
        bytes.push_back(static_cast<char>(mask_bit | size));
    } else if (size <= 0xFFFF) {
        bytes.push_back(static_cast<char>(mask_bit | 126U));
        put_big_endian(bytes, size, 2);
    } else {
        bytes.push_back(static_cast<char>(mask_bit | 127U));
        put_big_endian(bytes, size, 8);
    }
    if (!frame.masked) {
        return bytes + frame.payload;
    }
    constexpr std::array<unsigned char, 4> mask{0x37, 0xfa, 0x21, 0x3d};
    bytes.append(mask.begin(), mask.end());
    for (std::size_t i = 0; i < frame.payload.size(); ++i) {
        bytes.push_back(static_cast<char>(frame.payload[i] ^ mask[i % mask.size()]));
    }
    return bytes;
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
    std::string payload;
    put_big_endian(payload, code, 2);
    return payload.append(reason);
}

awaitable<WebSocketClient> WebSocketClient::connect(unsigned short port, std::string target,
                                                    ConnectOptions options, source_location where) {
    TcpOptions tcp_options;
    tcp_options.receive_buffer = options.receive_buffer;
    tcp_options.from = options.from;
    TcpClient tcp = co_await TcpClient::connect(port, std::move(tcp_options), where);
    co_await tcp.send(handshake_request(std::move(target), std::move(options.headers)), where);
    HttpResponse response = co_await read_response(tcp, false, where);
    require(response.status == 101, fmt::format("answered the handshake with {}", response.status),
            where);
    require(response.header("upgrade") == "websocket", "sent no Upgrade: websocket", where);
    const std::string connection = response.header("connection");
    require(connection == "Upgrade" || connection == "upgrade", "sent no Connection: Upgrade",
            where);
    require(response.header("sec-websocket-accept") == expected_accept,
            "sent a wrong Sec-WebSocket-Accept", where);
    co_return WebSocketClient(std::move(tcp), std::move(response));
}

awaitable<WebSocketClient> WebSocketClient::connect(unsigned short port, std::string target,
                                                    source_location where) {
    return connect(port, std::move(target), ConnectOptions(), where);
}

awaitable<void> WebSocketClient::send(Frame frame, source_location where) {
    return tcp_.send(encode(frame), where);
}

awaitable<void> WebSocketClient::send_text(std::string text, source_location where) {
    Frame frame;
    frame.payload = std::move(text);
    return send(std::move(frame), where);
}

awaitable<void> WebSocketClient::send_json(json::object object, source_location where) {
    return send_text(json::serialize(object), where);
}

awaitable<Frame> WebSocketClient::receive(source_location where) {
    const std::string head = co_await tcp_.read(2, where);
    const auto first = static_cast<unsigned char>(head[0]);
    const auto second = static_cast<unsigned char>(head[1]);
    Frame frame;
    frame.fin = (first & 0x80U) != 0;
    frame.reserved = first >> 4U & 0x7U;
    frame.opcode = first & 0xFU;
    frame.masked = false;
    require((second & 0x80U) == 0, "masked a frame", where);
    require(frame.reserved == 0, "set a reserved bit", where);
    std::uint64_t size = second & 0x7FU;
    if (size == 126) {
        const std::string extended = co_await tcp_.read(2, where);
        size = big_endian(extended);
        require(size >= 126, "did not use the shortest length", where);
    } else if (size == 127) {
        const std::string extended = co_await tcp_.read(8, where);
        size = big_endian(extended);
        require(size > 0xFFFF, "did not use the shortest length", where);
    }
    const bool is_control = (frame.opcode & 0x8U) != 0;
    require(!is_control || (frame.fin && size < 126), "sent a malformed control frame", where);
    frame.payload = co_await tcp_.read(size, where);
    co_return frame;
}

awaitable<std::string> WebSocketClient::receive_text(source_location where) {
    Frame frame = co_await receive(where);
    while (frame.opcode == opcode::ping) {
        Frame pong;
        pong.opcode = opcode::pong;
        pong.payload = frame.payload;
        co_await send(std::move(pong), where);
        frame = co_await receive(where);
    }
    require(frame.opcode == opcode::text && frame.fin, "sent no text but " + describe(frame),
            where);
    co_return std::move(frame.payload);
}

awaitable<json::object> WebSocketClient::receive_json(source_location where) {
    const std::string text = co_await receive_text(where);
    co_return json::parse(text).as_object();
}

awaitable<void> WebSocketClient::expect_nothing(source_location where) {
    co_await send_text(R"({"type":"heartbeat"})", where);
    const json::object next = co_await receive_json(where);
    BOOST_TEST(next.at("type").as_string() == "heartbeat_ack",
               to_string(where) << ": not expected: " << json::serialize(next));
}

awaitable<void> WebSocketClient::expect_close(std::uint16_t code, std::optional<std::string> reason,
                                              source_location where) {
    const Frame frame = co_await receive(where);
    require(frame.opcode == opcode::close, "did not close but sent " + describe(frame), where);
    require(frame.payload.size() >= 2, "closed without a code", where);
    const auto got_code = big_endian(frame.payload.substr(0, 2));
    const std::string got_reason = frame.payload.substr(2);
    BOOST_TEST(got_code == code, to_string(where)
                                     << ": closed with " << got_code << ", not " << code);
    BOOST_TEST(got_reason == reason.value_or(got_reason),
               to_string(where) << ": closed for '" << got_reason << "'");
    // A server that closed for an error need not wait for the answer (RFC 6455, section 7.1.7).
    try {
        Frame answer;
        answer.opcode = opcode::close;
        answer.payload = close_payload(code);
        co_await send(std::move(answer), where);
    } catch (const DeadlineExceeded&) {
        throw;
    } catch (const std::runtime_error&) {}
    const std::string rest = co_await tcp_.read_to_end(where);
    BOOST_TEST(rest.empty(), to_string(where) << ": something came after the close frame");
    tcp_.close();
}

awaitable<void> WebSocketClient::close(std::uint16_t code, source_location where) {
    Frame goodbye;
    goodbye.opcode = opcode::close;
    goodbye.payload = close_payload(code);
    co_await send(std::move(goodbye), where);
    Frame answer = co_await receive(where);
    while (answer.opcode != opcode::close) {
        answer = co_await receive(where);
    }
    BOOST_TEST(answer.payload == close_payload(code), to_string(where));
    const std::string rest = co_await tcp_.read_to_end(where);
    BOOST_TEST(rest.empty(), to_string(where) << ": something came after the close frame");
    tcp_.close();
}

}  // namespace test
