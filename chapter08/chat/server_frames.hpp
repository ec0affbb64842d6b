// The table of what the server sends: the writers of messages.cpp take their rows from here, and
// `/asyncapi.json` describes them by it.
#pragma once

#include "chat/client_message.hpp"
#include "chat/frame_rules.hpp"

#include <string_view>

namespace chat {

namespace server_fields {

inline constexpr FieldRule told{
    .key = Key::message,
    .need = Need::required,
    .about = "What has happened, for people, in the server's language."};
inline constexpr FieldRule text{
    .key = Key::message, .need = Need::required, .about = "The text, as its sender wrote it."};
inline constexpr FieldRule username{.key = Key::username, .about = "A user's name."};
inline constexpr FieldRule known_user{.key = Key::username,
                                      .about = "Who it was. A connection without a name has none."};
inline constexpr FieldRule room{.key = Key::room, .about = "The room. The lobby has no name."};
inline constexpr FieldRule connected_count{.key = Key::connected_count,
                                           .kind = Kind::number,
                                           .need = Need::required,
                                           .about = "How many connections the chat has."};
inline constexpr FieldRule member_count{.key = Key::member_count,
                                        .kind = Kind::number,
                                        .need = Need::required,
                                        .about = "How many connections are in the room."};
inline constexpr FieldRule timestamp{.key = Key::timestamp,
                                     .need = Need::required,
                                     .about = "When, as RFC 3339 has it.",
                                     .form = Form::date_time};
inline constexpr FieldRule id{.key = Key::id,
                              .about = "What its sender calls the message.",
                              .form = Form::visible,
                              .least = 1,
                              .most = max_id_length};
inline constexpr FieldRule seq{.key = Key::seq,
                               .kind = Kind::number,
                               .need = Need::required,
                               .about = "The number of a message in its log, or of the last one."};
inline constexpr FieldRule epoch{.key = Key::epoch,
                                 .need = Need::required,
                                 .about = "Names the log. It's new whenever the log begins anew."};
inline constexpr FieldRule more{
    .key = Key::more, .kind = Kind::flag, .about = "There if more follow."};
inline constexpr FieldRule next{.key = Key::next,
                                .kind = Kind::number,
                                .about = "What a who asks with, as `after`, for the names behind."};
inline constexpr FieldRule duplicate{
    .key = Key::duplicate,
    .kind = Kind::flag,
    .about = "There if the message had been stored before. It isn't stored twice."};

constexpr std::size_t most_names = 200;

constexpr FieldRule names(Key key, std::string_view about, std::size_t most = most_names) {
    return {.key = key, .kind = Kind::names, .need = Need::required, .about = about, .most = most};
}
constexpr FieldRule count(Key key, std::string_view about) {
    return {.key = key, .kind = Kind::number, .need = Need::required, .about = about};
}

inline constexpr FieldRule connected_users =
    names(Key::connected_users, "Who is there, in the order in which they came.");
inline constexpr FieldRule own_inbox{.key = Key::inbox,
                                     .kind = Kind::position,
                                     .about = "Where the log of the user's private messages is."};

inline constexpr std::array welcome{told, connected_count, epoch, seq};
inline constexpr std::array welcome_with_name{
    told, username.required(), connected_count, connected_users, more, next, epoch, seq, own_inbox};
inline constexpr std::array welcome_with_heartbeat{
    told,
    username.required(),
    connected_count,
    connected_users,
    more,
    next,
    FieldRule{.key = Key::heartbeat_interval,
              .kind = Kind::seconds,
              .need = Need::required,
              .about = "How many seconds pass between two pings."},
    epoch,
    seq,
    own_inbox};
inline constexpr std::array in_lobby{told, known_user, connected_count};
inline constexpr std::array in_room{told, known_user, room.required(), member_count};

inline constexpr FieldRule joined = names(Key::joined, "Some of who came.", 20);
inline constexpr FieldRule joined_count = count(Key::joined_count, "How many came.");
inline constexpr FieldRule left = names(Key::left, "Some of who left.", 20);
inline constexpr FieldRule left_count = count(Key::left_count, "How many left.");
inline constexpr std::array presence{told, joined, joined_count, left, left_count, connected_count};
inline constexpr std::array presence_in_room{told,       joined,          joined_count, left,
                                             left_count, room.required(), member_count};

inline constexpr std::array message{username.required(), text, room, timestamp, id, seq};
inline constexpr std::array private_message{
    FieldRule{.key = Key::from, .need = Need::required, .about = "Who sent it."}, text, timestamp,
    id, seq};
inline constexpr std::array confirmation{
    told, FieldRule{.key = Key::target_user, .need = Need::required, .about = "Whom it was for."},
    timestamp, id, duplicate};
inline constexpr std::array ack{id.required(), room, seq, epoch, timestamp, duplicate};
inline constexpr std::array refreshed{
    count(Key::expires_in, "In how many seconds the new token expires.")};
inline constexpr std::array only_timestamp{timestamp};

inline constexpr std::array error{
    FieldRule{.key = Key::code,
              .need = Need::required,
              .about = "Why, for programs.",
              .one_of = error_codes},
    told,
    FieldRule{.key = Key::retry,
              .kind = Kind::boolean,
              .need = Need::required,
              .about = "Whether the same frame may be sent again as it is."},
    FieldRule{.key = Key::username, .about = "The user whom it's about."},
    FieldRule{.key = Key::room, .about = "The room that it's about."},
    id,
    FieldRule{.key = Key::retry_after_ms,
              .kind = Kind::number,
              .about = "When it may be sent again, in milliseconds."},
    FieldRule{
        .key = Key::limit, .kind = Kind::number, .about = "How many characters a text may have."}};

inline constexpr std::array joined_room{
    room.required(),
    names(Key::members, "Who is in the room, in the order in which they came."),
    more,
    next,
    member_count,
    epoch,
    seq};
inline constexpr std::array left_room{room.required()};
inline constexpr std::array users{names(Key::users, "Who is there."), more, next, connected_count};
inline constexpr std::array users_of_room{room.required(), names(Key::users, "Who is in the room."),
                                          more, next, member_count};
inline constexpr std::array typing{username.required(), room};

inline constexpr std::array<std::string_view, 3> reasons{"epoch", "trimmed", "look_back"};
inline constexpr std::array history{
    FieldRule{
        .key = Key::inbox, .kind = Kind::flag, .about = "There if these are private messages."},
    room,
    epoch,
    FieldRule{.key = Key::messages,
              .kind = Kind::numbered,
              .need = Need::required,
              .about = "The frames, as they were sent.",
              .most = 200},
    seq,
    FieldRule{.key = Key::recovered,
              .kind = Kind::boolean,
              .about = "Whether the messages follow what the client has. False: there's a gap."},
    FieldRule{.key = Key::reason, .about = "Why there's a gap.", .one_of = reasons},
    FieldRule{.key = Key::before, .kind = Kind::number, .about = "The number that was asked for."},
    more};

}  // namespace server_fields

/// A row for each kind of frame.
namespace server_frames {

inline constexpr FrameRule welcome{.name = "welcome",
                                   .type = "system",
                                   .event = "welcome",
                                   .about = "Comes first.",
                                   .fields = server_fields::welcome,
                                   .where = Where::nameless};
inline constexpr FrameRule welcome_with_name{.name = "welcome_with_name",
                                             .type = "system",
                                             .event = "welcome",
                                             .about = "Comes first.",
                                             .fields = server_fields::welcome_with_name,
                                             .where = Where::named};
inline constexpr FrameRule welcome_with_heartbeat{.name = "welcome_with_heartbeat",
                                                  .type = "system",
                                                  .event = "welcome",
                                                  .about = "Comes first.",
                                                  .fields = server_fields::welcome_with_heartbeat,
                                                  .where = Where::heartbeat};
inline constexpr FrameRule join{.name = "join",
                                .type = "system",
                                .event = "join",
                                .about = "Somebody has come, to the others.",
                                .fields = server_fields::in_lobby};
inline constexpr FrameRule join_room{.name = "join_room",
                                     .type = "system",
                                     .event = "join",
                                     .about = "Somebody has entered a room, to its other members.",
                                     .fields = server_fields::in_room};
inline constexpr FrameRule leave{.name = "leave",
                                 .type = "system",
                                 .event = "leave",
                                 .about = "Somebody has left the chat.",
                                 .fields = server_fields::in_lobby};
inline constexpr FrameRule leave_room{.name = "leave_room",
                                      .type = "system",
                                      .event = "leave",
                                      .about = "Somebody has left a room.",
                                      .fields = server_fields::in_room};
inline constexpr FrameRule presence{.name = "presence",
                                    .type = "system",
                                    .event = "presence",
                                    .about = "Many have come and left; this tells of them at once.",
                                    .fields = server_fields::presence};
inline constexpr FrameRule presence_in_room{.name = "presence_in_room",
                                            .type = "system",
                                            .event = "presence",
                                            .about = "The same of a room.",
                                            .fields = server_fields::presence_in_room};
inline constexpr FrameRule message{
    .name = "message",
    .type = "message",
    .about = "What somebody says, to everybody in the lobby or in a room, the sender too.",
    .fields = server_fields::message};
inline constexpr FrameRule private_message{.name = "private",
                                           .type = "private",
                                           .about = "A private message, to its target alone.",
                                           .fields = server_fields::private_message,
                                           .where = Where::named};
inline constexpr FrameRule confirmation{.name = "confirmation",
                                        .type = "confirmation",
                                        .about = "A private message was stored, to its sender.",
                                        .fields = server_fields::confirmation};
inline constexpr FrameRule ack{.name = "ack",
                               .type = "ack",
                               .about = "A message with an id was stored, to its sender.",
                               .fields = server_fields::ack};
inline constexpr FrameRule refreshed{.name = "refreshed",
                                     .type = "refreshed",
                                     .about = "Answers a refresh.",
                                     .fields = server_fields::refreshed};
inline constexpr FrameRule ping{.name = "ping",
                                .type = "ping",
                                .about = "Asks for a sign of life.",
                                .fields = server_fields::only_timestamp,
                                .where = Where::heartbeat};
inline constexpr FrameRule heartbeat_ack{.name = "heartbeat_ack",
                                         .type = "heartbeat_ack",
                                         .about = "Answers a heartbeat.",
                                         .fields = server_fields::only_timestamp};
inline constexpr FrameRule error{.name = "error",
                                 .type = "error",
                                 .about = "Why the server doesn't do what a frame asked for.",
                                 .fields = server_fields::error};
inline constexpr FrameRule joined{.name = "joined",
                                  .type = "joined",
                                  .about = "Answers a join.",
                                  .fields = server_fields::joined_room};
inline constexpr FrameRule left{.name = "left",
                                .type = "left",
                                .about = "Answers a leave.",
                                .fields = server_fields::left_room};
inline constexpr FrameRule users{
    .name = "users", .type = "users", .about = "Answers a who.", .fields = server_fields::users};
inline constexpr FrameRule users_of_room{.name = "users_of_room",
                                         .type = "users",
                                         .about = "Answers a who of a room.",
                                         .fields = server_fields::users_of_room};
inline constexpr FrameRule typing{.name = "typing",
                                  .type = "typing",
                                  .about = "Somebody is writing, to the others there.",
                                  .fields = server_fields::typing};
inline constexpr FrameRule history{
    .name = "history",
    .type = "history",
    .about = "Messages of before: those that a client missed, or that it asked for.",
    .fields = server_fields::history};

inline constexpr std::array all{&welcome,
                                &welcome_with_name,
                                &welcome_with_heartbeat,
                                &join,
                                &join_room,
                                &leave,
                                &leave_room,
                                &presence,
                                &presence_in_room,
                                &message,
                                &private_message,
                                &confirmation,
                                &ack,
                                &refreshed,
                                &ping,
                                &heartbeat_ack,
                                &error,
                                &joined,
                                &left,
                                &users,
                                &users_of_room,
                                &typing,
                                &history};

}  // namespace server_frames

}  // namespace chat
