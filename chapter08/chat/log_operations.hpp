// What a coroutine asks of the log, and waits for.
#pragma once

#include "beastapi/awaitable.hpp"
#include "chat/late.hpp"
#include "chat/position.hpp"
#include "log/log.hpp"

#include <source_location>
#include <string>
#include <utility>

namespace chat {

/// See chat_log::Log::open(). Null: the log can't be written now, and has none of that name.
inline beastapi::awaitable<chat_log::ConversationPtr> open_log(
    chat_log::Log& log, const std::string& name,
    std::source_location where = std::source_location::current()) {
    return answer_of<chat_log::ConversationPtr>(
        [&](auto opened) { log.open(name, std::move(opened)); }, where);
}

/// See chat_log::Log::restart().
inline beastapi::awaitable<chat_log::ConversationPtr> restart_log(
    chat_log::Log& log, const chat_log::ConversationPtr& conversation,
    std::source_location where = std::source_location::current()) {
    return answer_of<chat_log::ConversationPtr>(
        [&](auto restarted) { log.restart(conversation, std::move(restarted)); }, where);
}

/// See chat_log::Log::catch_up().
inline beastapi::awaitable<chat_log::ConversationPtr> catch_up(
    chat_log::Log& log, const chat_log::ConversationPtr& conversation, const Position& position,
    std::source_location where = std::source_location::current()) {
    return answer_of<chat_log::ConversationPtr>(
        [&](auto caught_up) {
            log.catch_up(conversation, position.epoch, position.seq, std::move(caught_up));
        },
        where);
}

/// See chat_log::Log::read().
inline beastapi::awaitable<chat_log::Slice> read_log(
    chat_log::Log& log, const chat_log::ConversationPtr& conversation, const chat_log::Range& range,
    std::source_location where = std::source_location::current()) {
    return answer_of<chat_log::Slice>(
        [&](auto read) { log.read(conversation, range, std::move(read)); }, where);
}

}  // namespace chat
