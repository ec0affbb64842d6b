#include "beastapi/http/text.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/url/parse_query.hpp>
#include <boost/url/pct_string_view.hpp>
#include <fmt/chrono.h>

#include <algorithm>
#include <ctime>
#include <iomanip>
#include <sstream>

namespace beastapi::detail {

namespace http = boost::beast::http;
namespace urls = boost::urls;

bool iequals(std::string_view a, std::string_view b) {
    return boost::beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

bool is_token(std::string_view text) {
    const auto parsed = parse_token_list(text);
    return parsed && parsed->size() == 1 && parsed->front().size() == text.size();
}

std::optional<std::vector<std::string_view>> parse_token_list(std::string_view list) {
    std::vector<std::string_view> items;
    std::string_view rest = list;
    for (const auto& token : http::token_list({list.data(), list.size()})) {
        items.emplace_back(token.data(), token.size());
        rest = std::string_view(token.data() + token.size(), list.data() + list.size());
    }
    // Beast's list ends, without a word, where it is malformed.
    if (rest.find_first_not_of(" \t,") != std::string_view::npos) {
        return std::nullopt;
    }
    return items;
}

bool list_contains(std::string_view list, std::string_view item) {
    const auto items = parse_token_list(list);
    return items && std::any_of(items->begin(), items->end(),
                                [item](std::string_view each) { return iequals(each, item); });
}

std::optional<std::string> percent_decode(std::string_view text) {
    const auto encoded = urls::make_pct_string_view({text.data(), text.size()});
    if (!encoded) {
        return std::nullopt;
    }
    return encoded->decode();
}

std::optional<Params> parse_query(std::string_view query) {
    const auto parsed = urls::parse_query({query.data(), query.size()});
    if (!parsed || parsed->size() > max_query_params) {
        return std::nullopt;
    }
    const urls::encoding_opts form(true);  // `+` is a blank
    Params params;
    for (const auto& item : *parsed) {
        if (!item.key.empty() || item.has_value) {
            params.add(item.key.decode(form), item.value.decode(form));
        }
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
