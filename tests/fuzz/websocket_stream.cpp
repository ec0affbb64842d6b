// Fuzzes the bytes of an open WebSocket, in pieces: the first byte chooses the endpoint, the second
// says how many bytes follow that give the sizes of the pieces; the rest is what the client sends.
#include "fuzz/fuzz.hpp"
#include "fuzz/loopback.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace {

constexpr std::array<std::string_view, 4> endpoints{"/ws", "/ws/chat", "/ws/chat/Fuzz",
                                                    "/ws/chat/Fuzz/heartbeat?room=den"};

std::string handshake(std::string_view target) {
    return "GET " + std::string(target) +
           " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
}

std::size_t length_of(std::string_view& frames, std::size_t bytes) {
    fuzz::expect(frames.size() >= bytes, "a header is whole");
    std::size_t length = 0;
    for (std::size_t i = 0; i < bytes; ++i) {
        length = length << 8U | static_cast<unsigned char>(frames[i]);
    }
    frames.remove_prefix(bytes);
    return length;
}

/// RFC 6455, section 5, as far as it binds the server.
void check_frames(std::string_view frames) {
    bool closed = false;
    while (!frames.empty()) {
        fuzz::expect(!closed, "nothing comes after a close frame");
        const auto first = static_cast<unsigned char>(frames[0]);
        frames.remove_prefix(1);
        std::size_t length = length_of(frames, 1);
        fuzz::expect((first & 0xF0U) == 0x80U, "a frame is whole, without reserved bits");
        fuzz::expect((length & 0x80U) == 0, "no frame is masked");
        const unsigned opcode = first & 0xFU;
        const bool is_control = opcode >= 8;
        fuzz::expect(opcode == 1 || opcode == 2 || (opcode >= 8 && opcode <= 10),
                     "an opcode is known");
        fuzz::expect(!is_control || length < 126, "a control frame is short");
        if (length >= 126) {
            length = length_of(frames, length == 126 ? 2 : 8);
        }
        fuzz::expect(frames.size() >= length, "a payload is whole");
        frames.remove_prefix(length);
        closed = opcode == 8;
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view input = fuzz::text(data, size);
    if (input.size() < 2) {
        return 0;
    }
    const std::string head =
        handshake(endpoints[static_cast<unsigned char>(input[0]) % endpoints.size()]);
    const std::size_t cuts = static_cast<unsigned char>(input[1]) % 16U;
    input.remove_prefix(2);
    auto pieces = fuzz::cut(input.substr(std::min(cuts, input.size())), input.substr(0, cuts));
    pieces.insert(pieces.begin(), head);
    const std::string answer = fuzz::Loopback::instance().play(pieces);
    fuzz::expect(answer.starts_with("HTTP/1.1 101 "), "the handshake is accepted");
    check_frames(std::string_view(answer).substr(answer.find("\r\n\r\n") + 4));
    return 0;
}
