// The table of what a client may send: parse_client_message() reads frames by it, and
// `/asyncapi.json` describes them by it.
#pragma once

#include "chat/client_message.hpp"
#include "chat/frame_rules.hpp"

namespace chat {

namespace client_fields {

inline constexpr FieldRule message{.key = Key::message, .about = "The text."};
inline constexpr FieldRule id{
    .key = Key::id,
    .about =
        "The message's own name. The server acknowledges a message that has one, and knows a "
        "repeat by it. It's unique among the messages of its user, and not to be guessed.",
    .form = Form::visible,
    .least = 1,
    .most = max_id_length};
inline constexpr FieldRule timestamp{
    .key = Key::timestamp,
    .about =
        "When it was written, as RFC 3339 has it. Without one, or with a text of another "
        "form, the server puts in its own time."};
inline constexpr FieldRule target_user{
    .key = Key::target_user,
    .about = "Whom a private message is for. An empty text counts as left out."};
inline constexpr FieldRule username{
    .key = Key::username,
    .about =
        "Who speaks, on /ws/chat only: the other endpoints take the name from the path. It "
        "has to be a valid name that nobody has who is connected."};
inline constexpr FieldRule room{.key = Key::room,
                                .about = "The name of a room. Without one it's about the lobby."};
inline constexpr FieldRule since{
    .key = Key::since, .about = "EPOCH:SEQ, the position up to which the client has everything."};

inline constexpr std::array in_message{message.required(), id,       room,
                                       target_user,        username, timestamp};
inline constexpr std::array heartbeat{
    FieldRule{.key = Key::timestamp, .about = "The client's time. The server doesn't read it."}};
inline constexpr std::array join{room.required(), since};
inline constexpr std::array leave{room.required()};
inline constexpr std::array who{
    room, FieldRule{.key = Key::after,
                    .kind = Kind::number,
                    .about = "The `next` of the page before, to get the names behind it."}};
inline constexpr std::array typing{room, username};
inline constexpr std::array refresh{
    FieldRule{.key = Key::token, .about = "A JSON Web Token for the same user."}.required()};
inline constexpr std::array history{
    room,
    FieldRule{.key = Key::inbox,
              .kind = Kind::boolean,
              .about = "True asks for the private messages to the user."},
    since,
    FieldRule{.key = Key::before,
              .kind = Kind::number,
              .about = "Asks for the messages before this number."},
    FieldRule{.key = Key::limit,
              .kind = Kind::number,
              .about = "How many messages at most, 50 if left out.",
              .least = 1,
              .most = 200}};
inline constexpr std::array<std::pair<Key, Key>, 2> one_history{
    {{Key::inbox, Key::room}, {Key::since, Key::before}}};

}  // namespace client_fields

/// What has to be a text in every frame that has it, whatever the frame's type.
inline constexpr std::array texts_of_every_frame{
    Key::type, Key::timestamp, Key::target_user, Key::username, Key::room, Key::id, Key::since};

struct ClientFrame {
    ClientMessage::Type type;
    FrameRule rule;
};

/// In the order of ClientMessage::Type.
inline constexpr std::array<ClientFrame, 9> client_frames{{
    {ClientMessage::Type::message,
     {.name = "message",
      .type = "message",
      .about = "Says something to a room, to one user, or to everybody. The type may be left out.",
      .fields = client_fields::in_message}},
    {ClientMessage::Type::pong,
     {.name = "pong", .type = "pong", .about = "Answers a ping.", .fields = {}}},
    {ClientMessage::Type::heartbeat,
     {.name = "heartbeat",
      .type = "heartbeat",
      .about = "Asks for a heartbeat_ack.",
      .fields = client_fields::heartbeat}},
    {ClientMessage::Type::join,
     {.name = "join",
      .type = "join",
      .about = "Enters a room. The answer is a joined; with `since`, a history follows it.",
      .fields = client_fields::join}},
    {ClientMessage::Type::leave,
     {.name = "leave",
      .type = "leave",
      .about = "Leaves a room. The answer is a left.",
      .fields = client_fields::leave}},
    {ClientMessage::Type::who,
     {.name = "who",
      .type = "who",
      .about = "Asks who is there. The answer is a users.",
      .fields = client_fields::who}},
    {ClientMessage::Type::typing,
     {.name = "typing",
      .type = "typing",
      .about = "Tells the others that the user is writing.",
      .fields = client_fields::typing}},
    {ClientMessage::Type::refresh,
     {.name = "refresh",
      .type = "refresh",
      .about = "Brings a new token before the old one expires. The answer is a refreshed.",
      .fields = client_fields::refresh}},
    {ClientMessage::Type::history,
     {.name = "history",
      .type = "history",
      .about = "Asks for messages of before. The answer is a history.",
      .fields = client_fields::history,
      .not_both = client_fields::one_history}},
}};

constexpr const FrameRule& rule_of(ClientMessage::Type type) {
    return client_frames[static_cast<std::size_t>(type)].rule;
}

static_assert([] {
    for (std::size_t i = 0; i < client_frames.size(); ++i) {
        if (static_cast<std::size_t>(client_frames[i].type) != i) {
            return false;
        }
    }
    return true;
}());

}  // namespace chat
