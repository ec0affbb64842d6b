#include "chat/timestamps.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace chat {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Reads along a text; each step says whether the text goes on as expected.
class Scanner {
public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    /// Exactly `width` digits with a value from `low` to `high`, which `value` becomes.
    bool number(std::size_t width, unsigned low, unsigned high, unsigned& value) {
        value = 0;
        for (std::size_t i = 0; i < width; ++i) {
            if (rest_.empty() || !is_digit(rest_.front())) {
                return false;
            }
            value = value * 10 + static_cast<unsigned>(rest_.front() - '0');
            rest_.remove_prefix(1);
        }
        return value >= low && value <= high;
    }

    bool number(std::size_t width, unsigned low, unsigned high) {
        unsigned ignored = 0;
        return number(width, low, high, ignored);
    }

    /// A day that exists, as `2024-02-29`.
    bool date() {
        unsigned year = 0;
        unsigned month = 0;
        unsigned day = 0;
        return number(4, 0, 9999, year) && one_of("-") && number(2, 1, 12, month) && one_of("-") &&
               number(2, 1, 31, day) &&
               std::chrono::year_month_day(std::chrono::year(static_cast<int>(year)),
                                           std::chrono::month(month), std::chrono::day(day))
                   .ok();
    }

    bool one_of(std::string_view characters) {
        if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) {
            return false;
        }
        rest_.remove_prefix(1);
        return true;
    }

    bool optional_fraction() {
        if (!one_of(".")) {
            return true;
        }
        constexpr std::size_t max_digits = 9;
        std::size_t digits = 0;
        while (!rest_.empty() && is_digit(rest_.front())) {
            rest_.remove_prefix(1);
            ++digits;
        }
        return digits > 0 && digits <= max_digits;
    }

    bool at_end() const { return rest_.empty(); }

private:
    std::string_view rest_;
};

}  // namespace

std::string now_rfc3339() {
    return to_rfc3339(std::chrono::system_clock::now());
}

std::string to_rfc3339(std::chrono::system_clock::time_point time) {
    const auto whole = std::chrono::floor<std::chrono::milliseconds>(time);
    const auto milliseconds = whole.time_since_epoch().count() % 1000;
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(whole)), milliseconds);
}

std::string isoformat(std::chrono::system_clock::time_point time) {
    const auto microseconds =
        std::chrono::time_point_cast<std::chrono::microseconds>(time).time_since_epoch().count();
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(time)),
                       microseconds % 1'000'000);
}

bool is_rfc3339(std::string_view text) {
    Scanner scan(text);
    const bool date_and_time = scan.date() && scan.one_of("Tt ") && scan.number(2, 0, 23) &&
                               scan.one_of(":") && scan.number(2, 0, 59) && scan.one_of(":") &&
                               scan.number(2, 0, 60) && scan.optional_fraction();
    if (!date_and_time) {
        return false;
    }
    const bool utc = scan.one_of("Zz");
    const bool offset = !utc && scan.one_of("+-") && scan.number(2, 0, 23) && scan.one_of(":") &&
                        scan.number(2, 0, 59);
    return (utc || offset) && scan.at_end();
}

}  // namespace chat
