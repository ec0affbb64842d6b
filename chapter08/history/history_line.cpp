#include "history/history_line.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <cstdio>

namespace history {

namespace json = boost::json;
using std::chrono::milliseconds;

namespace {

constexpr std::array fields{"conversation", "epoch", "seq", "stored", "author", "id", "payload"};
constexpr std::string_view payload_field = R"("payload":)";

/// RFC 3339 in UTC, with milliseconds.
std::string write_time(chat_log::Time time) {
    const auto ms = std::chrono::floor<milliseconds>(time.time_since_epoch()).count();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                       (ms % 1000 + 1000) % 1000);
}

chat_log::Time read_time(const std::string& text) {
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    int hours = 0;
    int minutes = 0;
    int seconds = 0;
    int ms = 0;
    constexpr int all = 7;
    // NOLINTNEXTLINE(cert-err34-c): what is written back has to be the same
    if (std::sscanf(text.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d.%3dZ", &year, &month, &day, &hours,
                    &minutes, &seconds, &ms) == all) {
        const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                               std::chrono::day(day)};
        const chat_log::Time time = chat_log::Time(std::chrono::sys_days(date)) +
                                    std::chrono::hours(hours) + std::chrono::minutes(minutes) +
                                    std::chrono::seconds(seconds) + milliseconds(ms);
        if (write_time(time) == text) {
            return time;
        }
    }
    throw InvalidLine("\"stored\" isn't a time such as 2024-01-01T12:00:00.123Z");
}

/// The fields of a line, each of its type.
class Fields {
public:
    explicit Fields(const json::object& object) : object_(object) {
        for (const auto& [key, value] : object) {
            bool known = false;
            for (const std::string_view field : fields) {
                known = known || key == field;
            }
            if (!known) {
                throw InvalidLine(fmt::format("\"{}\" isn't a field of a message",
                                              std::string_view(key.data(), key.size())));
            }
        }
    }

    std::string text(std::string_view field, bool may_be_empty) const {
        const json::value* const value = object_.if_contains(field);
        if (value == nullptr || !value->is_string() ||
            (!may_be_empty && value->get_string().empty())) {
            throw InvalidLine(fmt::format("\"{}\" is missing, or isn't a text", field));
        }
        return std::string(value->get_string());
    }

    chat_log::Seq seq() const {
        const json::value* const value = object_.if_contains("seq");
        if (value == nullptr || !value->is_int64() || value->get_int64() < 1) {
            throw InvalidLine("\"seq\" is missing, or isn't a number from 1 on");
        }
        return static_cast<chat_log::Seq>(value->get_int64());
    }

    bool has(std::string_view field) const { return object_.contains(field); }

    /// The chat puts the `seq` behind the last field of it, so there has to be one.
    const json::object& payload() const {
        const json::value* const value = object_.if_contains("payload");
        if (value == nullptr || !value->is_object() || value->get_object().empty()) {
            throw InvalidLine("\"payload\" is missing, or isn't an object with fields");
        }
        return value->get_object();
    }

private:
    const json::object& object_;
};

json::value parse(std::string_view text) {
    json::error_code error;
    json::value value = json::parse(json::string_view(text.data(), text.size()), error);
    if (error || !value.is_object()) {
        throw InvalidLine("this isn't a JSON object");
    }
    return value;
}

/// To the letter, where the line is as write_line() makes them.
std::string payload_text(std::string_view line, const json::object& payload) {
    const std::size_t begin = line.find(payload_field);
    if (begin != std::string_view::npos && line.ends_with('}')) {
        std::string_view text = line.substr(begin + payload_field.size());
        text.remove_suffix(1);
        json::error_code error;
        const json::value again = json::parse(json::string_view(text.data(), text.size()), error);
        if (!error && again.is_object() && again.get_object() == payload) {
            return std::string(text);
        }
    }
    return json::serialize(payload);
}

std::string quoted(const std::string& text) {
    return json::serialize(json::string(text));
}

}  // namespace

std::string write_line(const HistoryLine& line) {
    const chat_log::Database::Record& record = line.record;
    std::string text =
        fmt::format(R"({{"conversation":{},"epoch":{},"seq":{},"stored":"{}","author":{})",
                    quoted(line.conversation), quoted(line.epoch), record.seq,
                    write_time(record.stored), quoted(record.draft.author));
    if (!record.draft.id.empty()) {
        text += R"(,"id":)" + quoted(record.draft.id);
    }
    // Line breaks between the parts of JSON mean nothing, and would end the line.
    const std::string& payload = record.draft.payload;
    const bool is_one_line = payload.find_first_of("\r\n") == std::string::npos;
    text += ',';
    text += payload_field;
    text += is_one_line ? payload : json::serialize(parse(payload));
    text += '}';
    return text;
}

HistoryLine read_line(std::string_view text) {
    const json::value value = parse(text);
    const Fields given(value.get_object());
    HistoryLine line{.conversation = given.text("conversation", false),
                     .epoch = given.text("epoch", false)};
    line.record = {.seq = given.seq(), .stored = read_time(given.text("stored", false))};
    line.record.draft = {.author = given.text("author", true),
                         .id = given.has("id") ? given.text("id", false) : "",
                         .payload = payload_text(text, given.payload())};
    return line;
}

}  // namespace history
