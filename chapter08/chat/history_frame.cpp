#include "chat/history_frame.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>

#include <iterator>

namespace chat {

namespace json = boost::json;

namespace {

void append_numbered(std::string& text, const chat_log::Entry& entry) {
    // The payload is an object, and not an empty one.
    text.append(entry.payload, 0, entry.payload.size() - 1);
    fmt::format_to(std::back_inserter(text), R"(,"seq":{}}})", entry.seq);
}

}  // namespace

void write_numbered(const chat_log::Entry& entry, std::string& into) {
    into.clear();
    into.reserve(entry.payload.size() + longest_number);
    append_numbered(into, entry);
}

std::string write_history(const HistoryFrame& frame, const chat_log::Conversation& log,
                          const chat_log::Slice& slice) {
    std::string text = R"({"type":"history")";
    const auto out = std::back_inserter(text);
    if (log.name().starts_with(inbox_log)) {
        text += R"(,"inbox":true)";
    } else if (log.name().starts_with(room_log)) {
        fmt::format_to(out, R"(,"room":{})", json::serialize(json::string(log.title())));
    }
    fmt::format_to(out, R"(,"epoch":"{}","messages":[)", log.epoch());
    for (const chat_log::Entry& entry : slice.entries) {
        append_numbered(text, entry);
        text += ',';
    }
    if (text.back() == ',') {
        text.pop_back();
    }
    fmt::format_to(out, R"(],"seq":{})", frame.seq);
    if (frame.recovered) {
        fmt::format_to(out, R"(,"recovered":{})", *frame.recovered);
    }
    if (!frame.reason.empty()) {
        fmt::format_to(out, R"(,"reason":"{}")", frame.reason);
    }
    if (frame.before) {
        fmt::format_to(out, R"(,"before":{})", *frame.before);
    }
    if (frame.more) {
        text += R"(,"more":true)";
    }
    text += '}';
    return text;
}

}  // namespace chat
