#include "beastapi/ws/frame.hpp"

namespace beastapi::detail {

FrameHeader::FrameHeader(Opcode opcode, std::uint64_t payload_size) noexcept {
    constexpr unsigned fin = 0x80;
    bytes_[size_++] = static_cast<char>(fin | static_cast<unsigned>(opcode));
    if (payload_size < 126) {
        bytes_[size_++] = static_cast<char>(payload_size);
    } else if (payload_size <= 0xFFFF) {
        bytes_[size_++] = 126;
        put_big_endian(payload_size, 2);
    } else {
        bytes_[size_++] = 127;
        put_big_endian(payload_size, 8);
    }
}

void FrameHeader::put_big_endian(std::uint64_t value, std::size_t width) noexcept {
    for (std::size_t byte = width; byte-- > 0;) {
        bytes_[size_++] = static_cast<char>(value >> (8 * byte) & 0xFF);
    }
}

}  // namespace beastapi::detail
