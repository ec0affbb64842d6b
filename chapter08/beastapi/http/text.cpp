#include "beastapi/http/text.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <iomanip>
#include <iterator>
#include <sstream>

namespace beastapi::detail {

namespace {

char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool decode_form(std::string_view text, std::string& out) {
    std::string spaced(text);
    std::replace(spaced.begin(), spaced.end(), '+', ' ');
    auto decoded = percent_decode(spaced);
    if (!decoded) {
        return false;
    }
    out = std::move(*decoded);
    return true;
}

}  // namespace

bool iequals(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return to_lower(x) == to_lower(y); });
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded.push_back(text[i]);
            continue;
        }
        if (text.size() - i < 3) {
            return std::nullopt;
        }
        unsigned value = 0;
        const char* const end = text.data() + i + 3;
        const auto [stop, error] = std::from_chars(text.data() + i + 1, end, value, 16);
        if (error != std::errc() || stop != end) {
            return std::nullopt;
        }
        decoded.push_back(static_cast<char>(value));
        i += 2;
    }
    return decoded;
}

std::string percent_encode_unsafe(std::string_view text) {
    std::string encoded;
    encoded.reserve(text.size());
    for (const char c : text) {
        if (c > ' ' && c < '\x7f') {
            encoded.push_back(c);
        } else {
            fmt::format_to(std::back_inserter(encoded), "%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return encoded;
}

std::string for_log(std::string_view text) {
    constexpr std::size_t most = 128;
    std::string printable = percent_encode_unsafe(text.substr(0, most));
    if (text.size() > most || printable.size() > most) {
        printable.resize(std::min(printable.size(), most));
        printable += "…";
    }
    return printable;
}

std::optional<Params> parse_query(std::string_view query) {
    Params params;
    while (!query.empty()) {
        const std::string_view item = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), item.size() + 1));
        if (item.empty()) {
            continue;
        }
        const std::size_t equals = std::min(item.find('='), item.size());
        std::string name;
        std::string value;
        if (!decode_form(item.substr(0, equals), name) ||
            !decode_form(item.substr(std::min(item.size(), equals + 1)), value)) {
            return std::nullopt;
        }
        params.add(std::move(name), std::move(value));
    }
    return params;
}

std::string http_date(std::chrono::system_clock::time_point time) {
    return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(time));
}

std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text) {
    std::tm fields{};
    std::istringstream in{std::string(text)};
    in.imbue(std::locale::classic());
    in >> std::get_time(&fields, "%a, %d %b %Y %H:%M:%S GMT");
    if (in.fail()) {
        return std::nullopt;
    }
    const auto time = std::chrono::system_clock::from_time_t(::timegm(&fields));
    // get_time() is content with the beginning of a date, and with a day that its month lacks.
    if (http_date(time) != text) {
        return std::nullopt;
    }
    return time;
}

}  // namespace beastapi::detail
