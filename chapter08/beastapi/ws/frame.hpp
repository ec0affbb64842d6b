// Encodes WebSocket frames as a server sends them: whole, unmasked (RFC 6455, section 5.2).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace beastapi::detail {

/// RFC 6455, section 11.8.
enum class Opcode : std::uint8_t {
    continuation = 0x0,
    text = 0x1,
    binary = 0x2,
    close = 0x8,
    ping = 0x9,
    pong = 0xA
};

/// The bytes in front of a payload: 2, 4 or 10 of them.
class FrameHeader {
public:
    /// The header of an unfragmented, unmasked frame with `payload_size` bytes behind it.
    FrameHeader(Opcode opcode, std::uint64_t payload_size) noexcept;

    std::string_view bytes() const noexcept { return {bytes_.data(), size_}; }

private:
    void put_big_endian(std::uint64_t value, std::size_t width) noexcept;

    std::array<char, 10> bytes_;
    std::size_t size_ = 0;
};

}  // namespace beastapi::detail
