#include "beastapi/inspect/task.hpp"

#include "beastapi/http/text.hpp"
#include "beastapi/net/foreign_text.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace beastapi::inspect {

namespace {

constexpr std::size_t longest_name = 256;

/// The inspector doesn't show those who look.
bool is_ours(std::string_view path) {
    return path == "/inspect" || path == "/inspect.json" || path.starts_with("/inspect/");
}

/// Decoded, so that people can read it, unless JSON couldn't hold it then.
std::string readable(const std::string& path) {
    const auto decoded = detail::percent_decode(path);
    boost::system::error_code error;
    if (decoded && decoded->size() <= longest_name) {
        boost::json::parse('"' + *decoded + '"', error);
        if (!error) {
            return *decoded;
        }
    }
    return detail::for_log(path);
}

}  // namespace

std::unique_ptr<Task> task_of(const Request& request) {
    if (!is_on()) [[likely]] {
        return nullptr;
    }
    auto task = std::make_unique<Task>();
    task->name = readable(request.path);
    task->peer = fmt::format("{}:{}", request.client.host, request.client.port);
    task->hidden = is_ours(request.path);
    return task;
}

}  // namespace beastapi::inspect
