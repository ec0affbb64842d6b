// Beast's parser of requests, with a bound on the number of header fields.
#pragma once

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <cstddef>

namespace beastapi::detail {

/// A head of more fields is refused: each costs more memory than bytes on the wire.
inline constexpr std::size_t max_header_fields = 100;

/// Ends with `header_limit` at the field after max_header_fields, the trailers of a chunked body
/// included. To store all of 4,000 empty fields, and to refuse them then, took a millisecond.
class RequestParser final
    : public boost::beast::http::request_parser<boost::beast::http::string_body> {
private:
    void on_field_impl(boost::beast::http::field name, boost::beast::string_view name_string,
                       boost::beast::string_view value, boost::system::error_code& error) override {
        if (fields_ == max_header_fields) {
            error = boost::beast::http::error::header_limit;
            return;
        }
        ++fields_;
        get().insert(name, name_string, value);
    }

    std::size_t fields_ = 0;
};

}  // namespace beastapi::detail
