#include "beastapi/request.hpp"

#include "beastapi/http/text.hpp"

#include <algorithm>

namespace beastapi {

void Headers::add(std::string_view name, std::string_view value) {
    lines_.reserve(lines_.size() + name.size() + value.size() + 2);
    lines_.append(name).append(1, ':').append(value).append(1, '\n');
}

std::optional<std::string_view> Headers::get(std::string_view name) const {
    std::string_view rest = lines_;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        if (line.size() > name.size() && line[name.size()] == ':' &&
            detail::iequals(line.substr(0, name.size()), name)) {
            return line.substr(name.size() + 1);
        }
        rest.remove_prefix(line.size() + 1);
    }
    return std::nullopt;
}

void Params::add(std::string name, std::string value) {
    items_.emplace_back(std::move(name), std::move(value));
}

std::optional<std::string_view> Params::get(std::string_view name) const {
    const auto found = std::find_if(items_.begin(), items_.end(),
                                    [name](const auto& item) { return item.first == name; });
    if (found == items_.end()) {
        return std::nullopt;
    }
    return found->second;
}

}  // namespace beastapi
