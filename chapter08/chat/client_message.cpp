#include "chat/client_message.hpp"

#include "chat/timestamps.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <utility>

namespace chat {

namespace json = boost::json;
using boost::system::error_code;
using Type = ClientMessage::Type;

namespace {

constexpr std::size_t max_nesting = 32;
constexpr std::size_t max_fields = 64;

constexpr std::uint64_t max_limit = 200;

constexpr std::array<std::pair<std::string_view, Type>, 9> types{{
    {"message", Type::message},
    {"pong", Type::pong},
    {"heartbeat", Type::heartbeat},
    {"join", Type::join},
    {"leave", Type::leave},
    {"who", Type::who},
    {"typing", Type::typing},
    {"refresh", Type::refresh},
    {"history", Type::history},
}};

std::optional<Type> type_of(std::string_view name) {
    const auto* const found = std::find_if(types.begin(), types.end(),
                                           [name](const auto& type) { return type.first == name; });
    if (found == types.end()) {
        return std::nullopt;
    }
    return found->second;
}

/// What a frame says under a key that the chat knows.
struct Field {
    enum class Kind { absent, text, number, boolean, other };
    Kind kind = Kind::absent;  ///< a null counts as left out
    std::string text{};
    std::uint64_t number = 0;  ///< of a boolean, 0 or 1

    bool is_absent_or(Kind expected) const { return kind == Kind::absent || kind == expected; }

    std::optional<std::string> take_text() {
        return kind == Kind::text ? std::optional(std::move(text)) : std::nullopt;
    }
};

/// The fields of a frame.
struct Fields {
    Field type;
    Field message;
    Field timestamp;
    Field target_user;
    Field username;
    Field room;
    Field token;
    Field after;
    Field id;
    Field since;
    Field inbox;
    Field before;
    Field limit;

    /// Null for a key that the chat does not know.
    Field* find(std::string_view key) {
        constexpr std::array<std::pair<std::string_view, Field Fields::*>, 13> known{{
            {"type", &Fields::type},
            {"message", &Fields::message},
            {"timestamp", &Fields::timestamp},
            {"target_user", &Fields::target_user},
            {"username", &Fields::username},
            {"room", &Fields::room},
            {"token", &Fields::token},
            {"after", &Fields::after},
            {"id", &Fields::id},
            {"since", &Fields::since},
            {"inbox", &Fields::inbox},
            {"before", &Fields::before},
            {"limit", &Fields::limit},
        }};
        const auto* const found =
            std::ranges::find(known, key, [](const auto& one) { return one.first; });
        return found == known.end() ? nullptr : &(this->*found->second);
    }
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
        return number < 0 ? set(Field::Kind::other)
                          : set(Field::Kind::number, static_cast<std::uint64_t>(number));
    }
    bool on_uint64(std::uint64_t number, std::string_view, error_code&) {
        return set(Field::Kind::number, number);
    }
    bool on_double(double, std::string_view, error_code&) { return set(Field::Kind::other); }
    bool on_bool(bool value, error_code&) {
        return set(Field::Kind::boolean, static_cast<std::uint64_t>(value));
    }
    bool on_null(error_code&) { return true; }
    bool on_comment_part(std::string_view, error_code&) { return true; }
    bool on_comment(std::string_view, error_code&) { return true; }

private:
    bool enter() {
        set(Field::Kind::other);
        ++depth_;
        return true;
    }
    bool leave() {
        --depth_;
        return true;
    }
    bool set(Field::Kind kind, std::uint64_t number = 0) {
        if (depth_ == 1 && field_ != nullptr) {
            field_->kind = kind;
            field_->number = number;
        }
        return true;
    }
    bool add_text(std::string_view part) {
        set(Field::Kind::text);
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

/// Whether a message may be called that: visible ASCII characters.
bool is_id(std::string_view id) {
    const auto is_visible = [](char each) { return each > ' ' && each <= '~'; };
    return !id.empty() && id.size() <= max_id_length && std::ranges::all_of(id, is_visible);
}

/// Reads which messages a history is to have.
bool read_history(Fields& fields, ClientMessage& message) {
    using Kind = Field::Kind;
    if (!fields.inbox.is_absent_or(Kind::boolean) || !fields.before.is_absent_or(Kind::number) ||
        !fields.limit.is_absent_or(Kind::number)) {
        return false;
    }
    message.inbox = fields.inbox.number != 0;
    if (fields.before.kind == Kind::number) {
        message.before = fields.before.number;
    }
    if (fields.limit.kind == Kind::number) {
        message.limit = fields.limit.number;
    }
    const bool asks_for_two = (message.inbox && message.room) || (message.since && message.before);
    return !asks_for_two && message.limit >= 1 && message.limit <= max_limit;
}

/// Reads what a message of its type has to have; false if that is missing or of another type.
bool read_required(Fields& fields, ClientMessage& message) {
    switch (message.type) {
        case Type::message:
            message.id = std::move(fields.id.text);
            message.message = std::move(fields.message.text);
            return fields.message.kind == Field::Kind::text &&
                   (fields.id.kind == Field::Kind::absent || is_id(message.id));
        case Type::refresh:
            message.token = std::move(fields.token.text);
            return fields.token.kind == Field::Kind::text;
        case Type::join:
        case Type::leave:
            return message.room.has_value();
        case Type::who:
            message.after = fields.after.number;
            return fields.after.is_absent_or(Field::Kind::number);
        case Type::history:
            return read_history(fields, message);
        case Type::typing:
        case Type::pong:
        case Type::heartbeat:
            return true;
    }
    return false;
}

Parsed refused(ErrorCode error) {
    return Parsed{.error = error};
}

}  // namespace

std::string_view to_string(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_format:
            return "invalid_format";
        case ErrorCode::unknown_type:
            return "unknown_type";
        case ErrorCode::user_offline:
            return "user_offline";
        case ErrorCode::name_taken:
            return "name_taken";
        case ErrorCode::invalid_room:
            return "invalid_room";
        case ErrorCode::not_in_room:
            return "not_in_room";
        case ErrorCode::too_many_rooms:
            return "too_many_rooms";
        case ErrorCode::rate_limited:
            return "rate_limited";
        case ErrorCode::text_too_long:
            return "text_too_long";
        case ErrorCode::unauthorized:
            return "unauthorized";
        case ErrorCode::invalid_token:
            return "invalid_token";
        case ErrorCode::token_expired:
            return "token_expired";
        case ErrorCode::invalid_since:
            return "invalid_since";
        case ErrorCode::unavailable:
            return "unavailable";
    }
    return "";
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
    for (const Field* const field :
         {&fields->type, &fields->timestamp, &fields->target_user, &fields->username, &fields->room,
          &fields->id, &fields->since}) {
        if (!field->is_absent_or(Field::Kind::text)) {
            return refused(ErrorCode::invalid_format);
        }
    }
    const auto known_type = type_of(fields->type.take_text().value_or("message"));
    if (!known_type) {
        return refused(ErrorCode::unknown_type);
    }
    ClientMessage message;
    message.target_user = fields->target_user.take_text();
    message.username = fields->username.take_text();
    message.room = fields->room.take_text();
    message.since = fields->since.take_text();
    message.type = *known_type;
    if (!read_required(*fields, message)) {
        return refused(ErrorCode::invalid_format);
    }
    if (message.type == Type::message) {
        std::string& timestamp = fields->timestamp.text;
        message.timestamp = is_rfc3339(timestamp) ? std::move(timestamp) : now_rfc3339();
    }
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
