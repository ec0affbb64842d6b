// Fuzzes a whole connection: the server reads the bytes from a socket, in one piece or in many, and
// does what they ask for. The first byte says how they are cut.
#include "fuzz/fuzz.hpp"
#include "fuzz/loopback.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input = fuzz::text(data, size);
    if (input.empty()) {
        return 0;
    }
    // 0: in one piece.
    const std::string_view cuts = input[0] == '\0' ? std::string_view() : input.substr(0, 1);
    const std::string answer = fuzz::Loopback::instance().play(fuzz::cut(input.substr(1), cuts));
    fuzz::expect(answer.empty() || answer.starts_with("HTTP/1.1 "), "the server answers in HTTP");
    return 0;
}
