#include "beastapi/http/request_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/test/unit_test.hpp>

#include <iterator>
#include <string>

using beastapi::detail::max_header_fields;
using beastapi::detail::RequestParser;
using boost::system::error_code;

namespace {

error_code parse(RequestParser& parser, std::size_t fields) {
    std::string head = "GET / HTTP/1.1\r\n";
    for (std::size_t i = 0; i < fields; ++i) {
        head += "a:\r\n";
    }
    head += "\r\n";
    error_code error;
    parser.header_limit(1 << 20);
    parser.put(boost::asio::buffer(head), error);
    return error;
}

std::size_t stored(const RequestParser& parser) {
    return static_cast<std::size_t>(std::distance(parser.get().begin(), parser.get().end()));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(request_parser)

BOOST_AUTO_TEST_CASE(a_head_of_the_most_fields_is_read) {
    RequestParser parser;
    BOOST_TEST(!parse(parser, max_header_fields));
    BOOST_TEST(stored(parser) == max_header_fields);
}

BOOST_AUTO_TEST_CASE(the_field_after_them_ends_the_parsing) {
    RequestParser parser;
    BOOST_TEST(parse(parser, 4'000) == error_code(boost::beast::http::error::header_limit));
    BOOST_TEST(stored(parser) == max_header_fields);
}

BOOST_AUTO_TEST_SUITE_END()
