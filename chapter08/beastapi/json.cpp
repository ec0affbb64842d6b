#include "beastapi/json.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace beastapi {

namespace {

void write(const boost::json::value& value, std::string& out) {
    const char* separator = "";
    if (const auto* const object = value.if_object()) {
        out.push_back('{');
        for (const auto& member : *object) {
            out.append(separator).append(boost::json::serialize(member.key())).push_back(':');
            write(member.value(), out);
            separator = ",";
        }
        out.push_back('}');
    } else if (const auto* const array = value.if_array()) {
        out.push_back('[');
        for (const boost::json::value& item : *array) {
            out.append(separator);
            write(item, out);
            separator = ",";
        }
        out.push_back(']');
    } else if (const auto* const number = value.if_double();
               number != nullptr && std::isfinite(*number)) {
        fmt::format_to(std::back_inserter(out), "{}", *number);
    } else {
        out.append(boost::json::serialize(value));
    }
}

}  // namespace

std::string json_dumps(const boost::json::value& value) {
    std::string out;
    write(value, out);
    return out;
}

}  // namespace beastapi
