// The header of a frame, against RFC 6455, section 5.7, and at the boundaries of its lengths.
#include "beastapi/ws/frame.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using beastapi::detail::FrameHeader;
using beastapi::detail::Opcode;
using namespace std::string_literals;

namespace {

std::string header(Opcode opcode, std::uint64_t payload_size) {
    return std::string(FrameHeader(opcode, payload_size).bytes());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(frame)

BOOST_AUTO_TEST_CASE(an_unmasked_text_is_as_in_the_rfc) {
    BOOST_TEST(header(Opcode::text, 5) + "Hello" == "\x81\x05\x48\x65\x6c\x6c\x6f"s);
}

BOOST_AUTO_TEST_CASE(an_unmasked_ping_is_as_in_the_rfc) {
    BOOST_TEST(header(Opcode::ping, 5) + "Hello" == "\x89\x05\x48\x65\x6c\x6c\x6f"s);
}

BOOST_AUTO_TEST_CASE(the_header_of_256_binary_bytes_is_as_in_the_rfc) {
    BOOST_TEST(header(Opcode::binary, 256) == "\x82\x7E\x01\x00"s);
}

BOOST_AUTO_TEST_CASE(the_header_of_64_kibibytes_is_as_in_the_rfc) {
    BOOST_TEST(header(Opcode::binary, 65536) == "\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00"s);
}

BOOST_AUTO_TEST_CASE(each_length_has_its_shortest_form) {
    BOOST_TEST(header(Opcode::text, 0) == "\x81\x00"s);
    BOOST_TEST(header(Opcode::text, 1) == "\x81\x01"s);
    BOOST_TEST(header(Opcode::text, 125) == "\x81\x7D"s);
    BOOST_TEST(header(Opcode::text, 126) == "\x81\x7E\x00\x7E"s);
    BOOST_TEST(header(Opcode::text, 127) == "\x81\x7E\x00\x7F"s);
    BOOST_TEST(header(Opcode::text, 65535) == "\x81\x7E\xFF\xFF"s);
    BOOST_TEST(header(Opcode::text, 65536) == "\x81\x7F\x00\x00\x00\x00\x00\x01\x00\x00"s);
    BOOST_TEST(header(Opcode::text, 0x0123456789ABCDEF) ==
               "\x81\x7F\x01\x23\x45\x67\x89\xAB\xCD\xEF"s);
}

BOOST_AUTO_TEST_CASE(every_opcode_is_a_final_frame) {
    BOOST_TEST(header(Opcode::continuation, 0) == "\x80\x00"s);
    BOOST_TEST(header(Opcode::close, 2) == "\x88\x02"s);
    BOOST_TEST(header(Opcode::pong, 0) == "\x8A\x00"s);
}

BOOST_AUTO_TEST_SUITE_END()
