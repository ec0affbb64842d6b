// WebSocket frames as a client sees them (RFC 6455 section 5): reads headers, writes masked frames.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace load {

static_assert(std::endian::native == std::endian::little, "masking and digits work on words");

enum class Opcode : std::uint8_t {
    continuation = 0x0,
    text = 0x1,
    binary = 0x2,
    close = 0x8,
    ping = 0x9,
    pong = 0xA,
};

inline bool is_control(Opcode opcode) {
    return static_cast<unsigned>(opcode) >= 0x8;
}

struct FrameHeader {
    Opcode opcode{};
    bool fin{};
    std::uint8_t size{};  // of the header itself
    std::uint64_t length{};
};

enum class Parse : std::uint8_t { complete, incomplete, malformed };

/// Reads the header of a frame that a server sent. Malformed is what a client must fail the
/// connection for: a mask, reserved bits (no extension is offered), a reserved opcode, a control
/// frame that is fragmented or longer than 125 bytes, a length not in its shortest form.
inline Parse parse_header(const char* data, std::size_t size, FrameHeader& header) {
    if (size < 2) {
        return Parse::incomplete;
    }
    const auto byte = [data](std::size_t i) {
        return static_cast<std::uint64_t>(static_cast<unsigned char>(data[i]));
    };
    const auto first = byte(0);
    const auto second = byte(1);
    header.fin = (first & 0x80U) != 0;
    header.opcode = static_cast<Opcode>(first & 0x0FU);
    const bool known = header.opcode <= Opcode::binary ||
                       (header.opcode >= Opcode::close && header.opcode <= Opcode::pong);
    if ((first & 0x70U) != 0 || (second & 0x80U) != 0 || !known) {
        return Parse::malformed;
    }
    if (is_control(header.opcode) && (!header.fin || second > 125)) {
        return Parse::malformed;
    }
    if (second < 126) {
        header.size = 2;
        header.length = second;
        return Parse::complete;
    }
    if (second == 126) {
        if (size < 4) {
            return Parse::incomplete;
        }
        header.size = 4;
        header.length = byte(2) << 8U | byte(3);
        return header.length < 126 ? Parse::malformed : Parse::complete;
    }
    if (size < 10) {
        return Parse::incomplete;
    }
    header.size = 10;
    header.length = 0;
    for (std::size_t i = 2; i < 10; ++i) {
        header.length = header.length << 8U | byte(i);
    }
    return header.length < 65536 || header.length >> 63U != 0 ? Parse::malformed : Parse::complete;
}

/// The masking key of a connection as it lies in memory. One key serves a whole connection: it
/// hides nothing from a server under test, and frames can be masked before they are needed.
struct MaskKey {
    std::array<char, 4> bytes{};

    /// The key for eight bytes that start `offset` bytes into a payload.
    std::uint64_t word_at(std::size_t offset) const {
        std::array<char, 8> word{};
        for (std::size_t i = 0; i < word.size(); ++i) {
            word[i] = bytes[(offset + i) % 4];
        }
        return std::bit_cast<std::uint64_t>(word);
    }
};

/// Masks `size` bytes in place; they start `offset` bytes into the payload.
inline void mask(char* data, std::size_t size, const MaskKey& key, std::size_t offset = 0) {
    for (std::size_t i = 0; i < size; ++i) {
        data[i] = static_cast<char>(data[i] ^ key.bytes[(offset + i) % 4]);
    }
}

/// Appends one whole masked frame and returns where in `out` its payload starts.
inline std::size_t append_frame(std::string& out, Opcode opcode, std::string_view payload,
                                const MaskKey& key) {
    const std::uint64_t length = payload.size();
    out.push_back(static_cast<char>(0x80U | static_cast<unsigned>(opcode)));
    const auto append_length = [&](unsigned marker, unsigned bytes) {
        out.push_back(static_cast<char>(0x80U | marker));
        for (unsigned i = bytes; i-- > 0;) {
            out.push_back(static_cast<char>(length >> (8U * i) & 0xFFU));
        }
    };
    if (length < 126) {
        append_length(static_cast<unsigned>(length), 0);
    } else if (length < 65536) {
        append_length(126, 2);
    } else {
        append_length(127, 8);
    }
    out.append(key.bytes.data(), key.bytes.size());
    const std::size_t at = out.size();
    out.append(payload);
    mask(out.data() + at, payload.size(), key);
    return at;
}

}  // namespace load
