// Path templates such as `/ws/chat/{username}`.
#pragma once

#include "beastapi/request.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace beastapi::detail {

/// A path whose segments are literal texts or parameters; a parameter matches one segment that is
/// not empty.
class RouteTemplate {
public:
    /// Throws std::invalid_argument if `text` does not begin with `/`, a brace is not closed or
    /// is beside other text in its segment, or a parameter has no name or the name of another.
    explicit RouteTemplate(std::string_view text);

    /// The decoded parameters if `path` (percent-encoded, without query) fits, else nothing.
    /// A segment is decoded after the path is split, so `%2F` is part of a value and not a
    /// separator.
    std::optional<Params> match(std::string_view path) const;

    const std::string& text() const noexcept { return text_; }
    const std::vector<std::string>& parameters() const noexcept { return parameters_; }

private:
    struct Segment {
        std::string text;  // of a literal, or the name of a parameter
        bool is_parameter = false;
    };

    std::string text_;
    std::vector<Segment> segments_;
    std::vector<std::string> parameters_;
};

}  // namespace beastapi::detail
