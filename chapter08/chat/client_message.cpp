#include "chat/client_message.hpp"

#include "chat/client_frames.hpp"
#include "chat/timestamps.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>

namespace chat {

namespace json = boost::json;
using boost::system::error_code;
using Type = ClientMessage::Type;

namespace {

constexpr std::size_t max_nesting = 32;
constexpr std::size_t max_fields = 64;

std::optional<Type> type_of(std::string_view name) {
    const auto* const found =
        std::ranges::find(client_frames, name, [](const auto& frame) { return frame.rule.type; });
    if (found == client_frames.end()) {
        return std::nullopt;
    }
    return found->type;
}

/// What a frame says under a key that the chat knows.
struct Field {
    enum class Has { nothing, text, number, boolean, other };
    Has has = Has::nothing;  ///< a null counts as left out
    std::string text{};
    std::uint64_t number = 0;  ///< of a boolean, 0 or 1

    bool is_there() const { return has != Has::nothing; }

    std::optional<std::string> take_text() {
        return has == Has::text ? std::optional(std::move(text)) : std::nullopt;
    }
};

/// The fields of a frame.
class Fields {
public:
    Field& operator[](Key key) { return fields_[static_cast<std::size_t>(key)]; }

    /// Null for a key that the chat does not know.
    Field* find(std::string_view key) {
        const auto known = std::span(key_names).first<client_key_count>();
        const auto found = std::ranges::find(known, key);
        return found == known.end() ? nullptr
                                    : &fields_[static_cast<std::size_t>(found - known.begin())];
    }

private:
    std::array<Field, client_key_count> fields_;
};

/// Keeps the fields that the chat knows, as the parser comes upon them, and nothing else: there is
/// no table of keys that somebody could make slow. Of two equal keys the last counts.
class FieldReader {
public:
    // Bounds that boost::json::basic_parser asks for; the message is bounded already.
    static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_array_size = max_object_size;
    static constexpr std::size_t max_key_size = max_object_size;
    static constexpr std::size_t max_string_size = max_object_size;

    /// Null unless the frame was an object.
    Fields* fields() { return is_object_ ? &fields_ : nullptr; }

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) {
        is_object_ = is_object_ || depth_ == 0;
        return enter();
    }
    bool on_object_end(std::size_t, error_code&) { return leave(); }
    bool on_array_begin(error_code&) { return enter(); }
    bool on_array_end(std::size_t, error_code&) { return leave(); }

    bool on_key_part(std::string_view part, std::size_t, error_code&) {
        if (depth_ == 1) {
            key_.append(part);
        }
        return true;
    }
    bool on_key(std::string_view part, std::size_t, error_code& error) {
        if (depth_ != 1) {
            return true;
        }
        if (++keys_ > max_fields) {
            error = json::error::object_too_large;
            return false;
        }
        field_ = fields_.find(key_.append(part));
        key_.clear();
        if (field_ != nullptr) {
            *field_ = Field();
        }
        return true;
    }

    bool on_string_part(std::string_view part, std::size_t, error_code&) { return add_text(part); }
    bool on_string(std::string_view part, std::size_t, error_code&) { return add_text(part); }
    bool on_number_part(std::string_view, error_code&) { return true; }
    bool on_int64(std::int64_t number, std::string_view, error_code&) {
        return number < 0 ? set(Field::Has::other)
                          : set(Field::Has::number, static_cast<std::uint64_t>(number));
    }
    bool on_uint64(std::uint64_t number, std::string_view, error_code&) {
        return set(Field::Has::number, number);
    }
    bool on_double(double, std::string_view, error_code&) { return set(Field::Has::other); }
    bool on_bool(bool value, error_code&) {
        return set(Field::Has::boolean, static_cast<std::uint64_t>(value));
    }
    bool on_null(error_code&) { return true; }
    bool on_comment_part(std::string_view, error_code&) { return true; }
    bool on_comment(std::string_view, error_code&) { return true; }

private:
    bool enter() {
        set(Field::Has::other);
        ++depth_;
        return true;
    }
    bool leave() {
        --depth_;
        return true;
    }
    bool set(Field::Has has, std::uint64_t number = 0) {
        if (depth_ == 1 && field_ != nullptr) {
            field_->has = has;
            field_->number = number;
        }
        return true;
    }
    bool add_text(std::string_view part) {
        set(Field::Has::text);
        if (depth_ == 1 && field_ != nullptr) {
            field_->text.append(part);
        }
        return true;
    }

    Fields fields_;
    Field* field_ = nullptr;  // whose value comes next
    std::string key_;         // as far as it has come
    std::size_t keys_ = 0;
    std::size_t depth_ = 0;
    bool is_object_ = false;
};

/// Takes an empty text for one that was left out.
void drop_if_empty(std::optional<std::string>& text) {
    if (text == "") {
        text.reset();
    }
}

bool is_visible(std::string_view text) {
    return std::ranges::all_of(text, [](char each) { return each > ' ' && each <= '~'; });
}

/// Whether a field that is there has such a value.
bool is_allowed(const FieldRule& rule, const Field& field) {
    const auto is_within = [&rule](std::uint64_t n) { return n >= rule.least && n <= rule.most; };
    switch (rule.kind) {
        case Kind::text:
            return field.has == Field::Has::text &&
                   (rule.form != Form::visible ||
                    (is_within(field.text.size()) && is_visible(field.text)));
        case Kind::number:
            return field.has == Field::Has::number && is_within(field.number);
        case Kind::boolean:
            return field.has == Field::Has::boolean;
        default:
            return false;
    }
}

/// Whether a frame has all that it needs, and nothing of another kind.
bool follows(const FrameRule& rule, Fields& fields) {
    for (const FieldRule& each : rule.fields) {
        const Field& field = fields[each.key];
        if (field.is_there() ? !is_allowed(each, field) : each.is_required()) {
            return false;
        }
    }
    // An `inbox` that is false asks for nothing.
    const auto asks = [&fields](Key key) {
        const Field& field = fields[key];
        return field.has == Field::Has::boolean ? field.number != 0 : field.is_there();
    };
    return std::ranges::none_of(
        rule.not_both, [&asks](const auto& pair) { return asks(pair.first) && asks(pair.second); });
}

/// Takes over what only frames of that type have.
void take_own(Fields& fields, ClientMessage& message) {
    switch (message.type) {
        case Type::message: {
            message.id = std::move(fields[Key::id].text);
            message.message = std::move(fields[Key::message].text);
            std::string& timestamp = fields[Key::timestamp].text;
            message.timestamp = is_rfc3339(timestamp) ? std::move(timestamp) : now_rfc3339();
            return;
        }
        case Type::refresh:
            message.token = std::move(fields[Key::token].text);
            return;
        case Type::who:
            message.after = fields[Key::after].number;
            return;
        case Type::history:
            message.inbox = fields[Key::inbox].number != 0;
            if (fields[Key::before].is_there()) {
                message.before = fields[Key::before].number;
            }
            if (fields[Key::limit].is_there()) {
                message.limit = fields[Key::limit].number;
            }
            return;
        default:
            return;
    }
}

Parsed refused(ErrorCode error) {
    return Parsed{.error = error};
}

}  // namespace

std::string_view to_string(ErrorCode code) {
    return error_codes[static_cast<std::size_t>(code)];
}

Parsed parse_client_message(std::string_view frame) {
    json::parse_options options;
    options.max_depth = max_nesting;
    json::basic_parser<FieldReader> parser(options);
    error_code error;
    const std::size_t read = parser.write_some(false, frame.data(), frame.size(), error);
    Fields* const fields = parser.handler().fields();
    if (error || read < frame.size() || fields == nullptr) {
        return refused(ErrorCode::invalid_format);
    }
    for (const Key key : texts_of_every_frame) {
        const Field& field = (*fields)[key];
        if (field.is_there() && field.has != Field::Has::text) {
            return refused(ErrorCode::invalid_format);
        }
    }
    const auto known_type = type_of((*fields)[Key::type].take_text().value_or("message"));
    if (!known_type) {
        return refused(ErrorCode::unknown_type);
    }
    if (!follows(rule_of(*known_type), *fields)) {
        return refused(ErrorCode::invalid_format);
    }
    ClientMessage message;
    message.type = *known_type;
    message.target_user = (*fields)[Key::target_user].take_text();
    message.username = (*fields)[Key::username].take_text();
    message.room = (*fields)[Key::room].take_text();
    message.since = (*fields)[Key::since].take_text();
    take_own(*fields, message);
    drop_if_empty(message.target_user);
    if (message.type != Type::join && message.type != Type::leave) {
        drop_if_empty(message.room);
    }
    return Parsed{.message = std::move(message)};
}

std::size_t count_code_points(std::string_view text) {
    // The bytes that do not continue a character (RFC 3629, section 3).
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
    }));
}

}  // namespace chat
