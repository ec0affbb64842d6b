#include "chat/history_frame.hpp"

#include "chat/server_frames.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>

#include <iterator>

namespace chat {

namespace json = boost::json;

namespace {

template <class Value>
void append(std::string& text, Key key, const Value& value) {
    fmt::format_to(std::back_inserter(text), R"(,"{}":{})", name_of(key), value);
}

void append_numbered(std::string& text, const chat_log::Entry& entry) {
    // The payload is an object, and not an empty one.
    text.append(entry.payload, 0, entry.payload.size() - 1);
    append(text, Key::seq, entry.seq);
    text += '}';
}

}  // namespace

void write_numbered(const chat_log::Entry& entry, std::string& into) {
    into.clear();
    into.reserve(entry.payload.size() + longest_number);
    append_numbered(into, entry);
}

std::string write_history(const HistoryFrame& frame, const chat_log::Conversation& log,
                          const chat_log::Slice& slice) {
    const FrameRule& rule = server_frames::history;
    std::string text = fmt::format(R"({{"{}":"{}")", name_of(Key::type), rule.type);
    if (log.name().starts_with(inbox_log)) {
        append(text, Key::inbox, true);
    } else if (log.name().starts_with(room_log)) {
        append(text, Key::room, json::serialize(json::string(log.title())));
    }
    append(text, Key::epoch, fmt::format(R"("{}")", log.epoch()));
    append(text, Key::messages, '[');
    for (const chat_log::Entry& entry : slice.entries) {
        append_numbered(text, entry);
        text += ',';
    }
    if (text.back() == ',') {
        text.pop_back();
    }
    text += ']';
    append(text, Key::seq, frame.seq);
    if (frame.recovered) {
        append(text, Key::recovered, *frame.recovered);
    }
    if (!frame.reason.empty()) {
        append(text, Key::reason, fmt::format(R"("{}")", frame.reason));
    }
    if (frame.before) {
        append(text, Key::before, *frame.before);
    }
    if (frame.more) {
        append(text, Key::more, true);
    }
    text += '}';
    return text;
}

}  // namespace chat
