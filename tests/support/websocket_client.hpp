// A WebSocket client with a frame codec of its own, so that it can break the rules of RFC 6455
// where a test wants that, and notices when the server does.
#pragma once

#include "support/http_client.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace test {

namespace opcode {
constexpr unsigned continuation = 0x0;
constexpr unsigned text = 0x1;
constexpr unsigned binary = 0x2;
constexpr unsigned close = 0x8;
constexpr unsigned ping = 0x9;
constexpr unsigned pong = 0xA;
}  // namespace opcode

/// One frame. As a client's it may be malformed in any way.
struct Frame {
    unsigned opcode = opcode::text;
    std::string payload{};
    bool fin = true;
    unsigned reserved = 0;  ///< RSV1 is 4, RSV2 is 2, RSV3 is 1
    bool masked = true;
    std::optional<std::uint64_t> claimed_size{};  ///< in the header, if not the payload's own
};

/// The frame as bytes.
std::string encode(const Frame& frame);

/// The payload of a close frame.
std::string close_payload(std::uint16_t code, std::string_view reason = {});

struct ConnectOptions {
    std::string headers{};   ///< added to the handshake; each line ends with \r\n
    int receive_buffer = 0;  ///< see TcpOptions
    std::string from{};      ///< see TcpOptions
};

class WebSocketClient {
public:
    /// Opens a connection; the server has to accept it, by RFC 6455, section 4.2.2.
    static awaitable<WebSocketClient> connect(unsigned short port, std::string target,
                                              ConnectOptions options,
                                              source_location where = source_location::current());
    static awaitable<WebSocketClient> connect(unsigned short port, std::string target,
                                              source_location where = source_location::current());

    awaitable<void> send(Frame frame, source_location where = source_location::current());
    awaitable<void> send_text(std::string text, source_location where = source_location::current());
    awaitable<void> send_json(boost::json::object object,
                              source_location where = source_location::current());

    /// The next frame, whichever it is. Throws if the server broke a rule of RFC 6455, section 5.
    awaitable<Frame> receive(source_location where = source_location::current());

    /// The next frame, which has to be a text. Pings that come before it are answered.
    awaitable<std::string> receive_text(source_location where = source_location::current());
    awaitable<boost::json::object> receive_json(source_location where = source_location::current());

    /// Checks that a chat endpoint has sent nothing that was not received: the answer to a
    /// heartbeat is the next frame.
    awaitable<void> expect_nothing(source_location where = source_location::current());

    /// Checks that the next frame closes the connection with this code and, if given, this reason,
    /// answers it, and waits for the end of the stream.
    awaitable<void> expect_close(std::uint16_t code, std::optional<std::string> reason = {},
                                 source_location where = source_location::current());

    /// Says goodbye as RFC 6455, section 7.1.2, has it, and waits for the end of the stream.
    awaitable<void> close(std::uint16_t code = 1000,
                          source_location where = source_location::current());

    /// Ends the connection at once by a reset.
    void tear() { tcp_.tear(); }

    TcpClient& tcp() noexcept { return tcp_; }
    const HttpResponse& response() const noexcept { return response_; }

private:
    WebSocketClient(TcpClient tcp, HttpResponse response)
        : tcp_(std::move(tcp)), response_(std::move(response)) {}

    TcpClient tcp_;
    HttpResponse response_;
};

}  // namespace test
