#include "beastapi/http/route_template.hpp"

#include "beastapi/http/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace beastapi::detail {

namespace {

/// Cuts the first segment, without the `/` in front of it, off `path`.
std::string_view next_segment(std::string_view& path) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    return segment;
}

}  // namespace

RouteTemplate::RouteTemplate(std::string_view text) : text_(text) {
    const auto refuse = [text](std::string_view why) {
        throw std::invalid_argument(fmt::format("the path template '{}' {}", text, why));
    };
    if (!text.starts_with('/')) {
        refuse("does not begin with '/'");
    }
    while (!text.empty()) {
        const std::string_view segment = next_segment(text);
        if (segment.find_first_of("{}") == std::string_view::npos) {
            segments_.push_back({std::string(segment), false});
            continue;
        }
        const std::string name(segment.substr(1, segment.size() < 2 ? 0 : segment.size() - 2));
        if (segment.front() != '{' || segment.back() != '}' || name.empty() ||
            name.find_first_of("{}") != std::string::npos) {
            refuse(fmt::format("has the segment '{}', which is neither a text nor one '{{name}}'",
                               segment));
        }
        if (std::find(parameters_.begin(), parameters_.end(), name) != parameters_.end()) {
            refuse(fmt::format("names '{}' twice", name));
        }
        parameters_.push_back(name);
        segments_.push_back({name, true});
    }
}

std::optional<Params> RouteTemplate::match(std::string_view path) const {
    Params params;
    for (const Segment& expected : segments_) {
        if (!path.starts_with('/')) {
            return std::nullopt;
        }
        auto value = percent_decode(next_segment(path));
        if (!value || (expected.is_parameter ? value->empty() : *value != expected.text)) {
            return std::nullopt;
        }
        if (expected.is_parameter) {
            params.add(expected.text, std::move(*value));
        }
    }
    if (!path.empty()) {
        return std::nullopt;
    }
    return params;
}

}  // namespace beastapi::detail
