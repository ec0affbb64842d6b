// What the frames say that number, acknowledge and bring back messages.
#include "delivery.hpp"

#include "json_scanner.hpp"

#include <fmt/format.h>

#include <charconv>

namespace load {

namespace {

std::optional<std::uint64_t> number_in(std::string_view digits) {
    std::uint64_t number = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, number);
    if (error != std::errc{} || stopped != end) {
        return std::nullopt;
    }
    return number;
}

/// What's between the quotes; empty if it's no string.
std::string_view string_in(std::string_view value) {
    if (value.size() < 2 || value.front() != '"') {
        return {};
    }
    return value.substr(1, value.size() - 2);
}

/// The number behind the last colon: where servers that append it have `seq`.
std::optional<std::uint64_t> seq_at_the_end(std::string_view message) {
    constexpr std::string_view name = R"("seq":)";
    if (!message.ends_with('}')) {
        return std::nullopt;
    }
    message.remove_suffix(1);
    const auto digits = message.find_last_not_of("0123456789") + 1;
    if (digits <= name.size() || message.substr(digits - name.size(), name.size()) != name ||
        message[digits - name.size() - 1] != ',') {
        return std::nullopt;
    }
    return number_in(message.substr(digits));
}

}  // namespace

std::string MessageId::text(std::uint32_t number) const {
    return fmt::format("{:016x}-{:08}-{:08}", run, sender, number);
}

std::optional<Answer> parse_answer(std::string_view frame) {
    Answer answer;
    std::optional<std::uint64_t> seq;
    bool is_error = false;
    const bool whole = scan_object(frame, [&](std::string_view name, std::string_view value) {
        if (name == "type") {
            is_error = string_in(value) == "error";
        } else if (name == "id") {
            answer.id = string_in(value);
        } else if (name == "code") {
            answer.code = string_in(value);
        } else if (name == "seq") {
            seq = number_in(value);
        } else if (name == "duplicate") {
            answer.duplicate = value == "true";
        }
    });
    if (!whole || (is_error ? answer.code.empty() : answer.id.empty() || !seq)) {
        return std::nullopt;
    }
    if (!is_error) {
        answer.code = {};
    }
    answer.seq = seq.value_or(0);
    return answer;
}

std::optional<std::uint64_t> seq_of(std::string_view message) {
    auto seq = seq_at_the_end(message);
    if (!seq) {
        scan_object(message, [&](std::string_view name, std::string_view value) {
            if (name == "seq") {
                seq = number_in(value);
            }
        });
    }
    return seq;
}

std::string Position::text() const {
    return fmt::format("{}:{}", epoch, seq);
}

std::optional<Position> position_of(std::string_view welcome) {
    std::string_view epoch;
    std::string_view event;
    std::optional<std::uint64_t> seq;
    scan_object(welcome, [&](std::string_view name, std::string_view value) {
        if (name == "event") {
            event = string_in(value);
        } else if (name == "epoch") {
            epoch = string_in(value);
        } else if (name == "seq") {
            seq = number_in(value);
        }
    });
    if (event != "welcome" || epoch.empty() || !seq) {
        return std::nullopt;
    }
    return Position{std::string{epoch}, *seq};
}

std::optional<History> parse_history(std::string_view frame) {
    History history;
    std::optional<std::uint64_t> seq;
    const bool whole = scan_object(frame, [&](std::string_view name, std::string_view value) {
        if (name == "epoch") {
            history.epoch = string_in(value);
        } else if (name == "messages") {
            history.messages = value;
        } else if (name == "seq") {
            seq = number_in(value);
        } else if (name == "recovered") {
            history.recovered = value == "true";
        } else if (name == "more") {
            history.more = value == "true";
        } else if (name == "room" || name == "inbox") {
            history.of_the_lobby = false;
        }
    });
    if (!whole || history.epoch.empty() || history.messages.empty() || !seq) {
        return std::nullopt;
    }
    history.seq = *seq;
    return history;
}

}  // namespace load
