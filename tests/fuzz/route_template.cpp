// Fuzzes path templates and the paths that are matched with them: the first line is the template.
#include "beastapi/http/route_template.hpp"

#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

using beastapi::detail::RouteTemplate;

namespace {

std::optional<RouteTemplate> read_template(std::string_view text) {
    try {
        return RouteTemplate(text);
    } catch (const std::invalid_argument&) {
        return std::nullopt;
    }
}

void check(const RouteTemplate& route, std::string_view path) {
    const auto params = route.match(path);
    if (!params) {
        return;
    }
    fuzz::expect(params->items().size() == route.parameters().size(), "each parameter is filled");
    for (std::size_t i = 0; i < route.parameters().size(); ++i) {
        const auto& [name, value] = params->items()[i];
        fuzz::expect(name == route.parameters()[i], "parameters keep their order");
        fuzz::expect(!value.empty(), "a parameter matches something");
    }
    fuzz::expect(std::count(path.begin(), path.end(), '/') ==
                     std::count(route.text().begin(), route.text().end(), '/'),
                 "a parameter is one segment");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::text(data, size);
    const std::size_t end = std::min(text.find('\n'), size);
    const std::string_view path = text.substr(std::min(size, end + 1));
    static const RouteTemplate chat("/ws/chat/{username}/heartbeat");
    check(chat, text);
    if (const auto route = read_template(text.substr(0, end))) {
        check(*route, path);
    }
    return 0;
}
