// Reads just as much of a JSON text as is needed, where it lies.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace load {

/// Walks over JSON text; each step is false where the text is not as it must be.
class Scanner {
public:
    explicit Scanner(std::string_view text) : rest_{text} {}

    bool take(char wanted) {
        skip_blanks();
        if (rest_.empty() || rest_.front() != wanted) {
            return false;
        }
        rest_.remove_prefix(1);
        return true;
    }

    /// A string between quotes, its escapes left as they are.
    bool string(std::string_view& value) {
        if (!take('"')) {
            return false;
        }
        for (std::size_t i = 0; i < rest_.size(); ++i) {
            if (rest_[i] == '\\') {
                ++i;
            } else if (rest_[i] == '"') {
                value = rest_.substr(0, i);
                rest_.remove_prefix(i + 1);
                return true;
            }
        }
        return false;
    }

    bool skip_value() {
        std::string_view ignored;
        std::size_t depth = 0;
        do {
            skip_blanks();
            if (rest_.empty()) {
                return false;
            }
            const char c = rest_.front();
            if (c == '"') {
                if (!string(ignored)) {
                    return false;
                }
            } else if (c == '{' || c == '[') {
                ++depth;
                rest_.remove_prefix(1);
            } else if (c == '}' || c == ']') {
                if (depth == 0) {
                    return false;
                }
                --depth;
                rest_.remove_prefix(1);
            } else if (c == ',' || c == ':') {
                if (depth == 0) {
                    return false;
                }
                rest_.remove_prefix(1);
            } else {
                const auto end = rest_.find_first_of(",:]} \t\r\n");
                rest_.remove_prefix(std::min(end, rest_.size()));
            }
        } while (depth > 0);
        return true;
    }

    /// Any value, as it is written.
    bool value(std::string_view& text) {
        const std::string_view from = rest();
        if (!skip_value()) {
            return false;
        }
        text = from.substr(0, from.size() - rest_.size());
        return true;
    }

    std::string_view rest() {
        skip_blanks();
        return rest_;
    }

private:
    void skip_blanks() {
        while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\n' ||
                                  rest_.front() == '\r' || rest_.front() == '\t')) {
            rest_.remove_prefix(1);
        }
    }

    std::string_view rest_;
};

/// Calls `member(name, value)` for each member of an object, the value as it is written, quotes and
/// all. False where the text is no object.
template <class Member>
bool scan_object(std::string_view json, Member&& member) {
    Scanner scan{json};
    if (!scan.take('{')) {
        return false;
    }
    if (scan.take('}')) {
        return true;
    }
    do {
        std::string_view name;
        std::string_view value;
        if (!scan.string(name) || !scan.take(':') || !scan.value(value)) {
            return false;
        }
        member(name, value);
    } while (scan.take(','));
    return scan.take('}');
}

/// Calls `element(value)` for each element of an array. False where the text is no array.
template <class Element>
bool scan_array(std::string_view json, Element&& element) {
    Scanner scan{json};
    if (!scan.take('[')) {
        return false;
    }
    if (scan.take(']')) {
        return true;
    }
    do {
        std::string_view value;
        if (!scan.value(value)) {
            return false;
        }
        element(value);
    } while (scan.take(','));
    return scan.take(']');
}

}  // namespace load
