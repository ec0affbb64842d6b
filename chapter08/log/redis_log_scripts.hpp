// What Redis does by itself for a RedisLog, in Lua: each of these happens as a whole, and nothing
// of others in between.
#pragma once

#include <string_view>

namespace chat_log::redis {

// Keys of all: the head, which is a hash with `epoch`, `seq` (the last) and `base` (with which the
// epoch began, 0 but after a loss), and the entries, which are a stream.

/// Takes the proposed epoch, the age in ms, the epoch, seq and time that the process knows, the
/// channel. Gives epoch, seq, base.
///
/// If Redis has lost what the process knows (its file is from before, or a replica that was behind
/// has taken over), the epoch ends: numbers would mean two messages.
constexpr std::string_view open_script = R"lua(
local head = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'base')
local epoch, seq, base = head[1], head[2], head[3]
local begins = false
if not epoch then
    if redis.call('EXISTS', KEYS[2]) == 1 then
        redis.call('DEL', KEYS[2])
    end
    epoch, seq, base = ARGV[1], '0', '0'
    begins = true
elseif epoch == ARGV[3] then
    local lost = tonumber(seq) < tonumber(ARGV[4])
    if not lost and ARGV[5] ~= '0' then
        local id = ARGV[4] .. '-0'
        local same = redis.call('XRANGE', KEYS[2], id, id)[1]
        lost = same and same[2][4] ~= ARGV[5]
    end
    if lost then
        epoch, base = ARGV[1], seq
        begins = true
    end
end
if begins then
    redis.call('HSET', KEYS[1], 'epoch', epoch, 'seq', seq, 'base', base)
    redis.call('PUBLISH', ARGV[6], epoch .. ' 0 0 ')
end
if ARGV[2] ~= '0' then
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return {epoch, seq, base}
)lua";

/// Takes the proposed epoch, the epoch that is to end, the age, the channel. Gives epoch, seq,
/// base.
constexpr std::string_view restart_script = R"lua(
local head = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'base')
if head[1] and head[1] ~= ARGV[2] then
    return head
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'seq', '0', 'base', '0')
redis.call('DEL', KEYS[2])
if ARGV[3] ~= '0' then
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
redis.call('PUBLISH', ARGV[4], ARGV[1] .. ' 0 0 ')
return {ARGV[1], '0', '0'}
)lua";

/// The third key, if there is one, remembers the message by its author's id. Takes the proposed
/// epoch, payload, the most entries, the age, the channel, the window for repeats in ms. Gives
/// whether it's a repeat, seq, epoch, time, base.
constexpr std::string_view append_script = R"lua(
if KEYS[3] then
    local first = redis.call('GET', KEYS[3])
    if first then
        local seq, epoch, stored = string.match(first, '^(%d+) (%S+) (%d+)$')
        return {1, seq, epoch, stored, '0'}
    end
end
local head = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'base')
local epoch, seq, base = head[1], head[2], head[3]
if not epoch then
    if redis.call('EXISTS', KEYS[2]) == 1 then
        redis.call('DEL', KEYS[2])
    end
    epoch, seq, base = ARGV[1], '0', '0'
end
seq = string.format('%.0f', seq + 1)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stored = string.format('%.0f', now)
local id = seq .. '-0'
if ARGV[3] == '0' then
    redis.call('XADD', KEYS[2], id, 'payload', ARGV[2], 'stored', stored)
else
    redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[3], id, 'payload', ARGV[2], 'stored', stored)
end
redis.call('HSET', KEYS[1], 'epoch', epoch, 'seq', seq, 'base', base)
if KEYS[3] then
    redis.call('SET', KEYS[3], seq .. ' ' .. epoch .. ' ' .. stored, 'PX', ARGV[6])
end
if ARGV[4] ~= '0' then
    redis.call('PEXPIRE', KEYS[1], ARGV[4])
    redis.call('PEXPIRE', KEYS[2], ARGV[4])
    if seq % 64 == 0 then
        for _, entry in ipairs(redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 128)) do
            if entry[2][4] + ARGV[4] > now then
                redis.call('XTRIM', KEYS[2], 'MINID', entry[1])
                break
            end
        end
    end
end
redis.call('PUBLISH', ARGV[5], epoch .. ' ' .. seq .. ' ' .. stored .. ' ' .. ARGV[2])
return {0, seq, epoch, stored, base}
)lua";

/// Takes the first and the last id, how many, and 1 for the newest of them. Gives epoch, seq, the
/// oldest id, entries.
constexpr std::string_view read_script = R"lua(
local head = redis.call('HMGET', KEYS[1], 'epoch', 'seq')
local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
local entries
if ARGV[4] == '1' then
    entries = redis.call('XREVRANGE', KEYS[2], ARGV[2], ARGV[1], 'COUNT', ARGV[3])
else
    entries = redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[2], 'COUNT', ARGV[3])
end
return {head[1], head[2], oldest and oldest[1] or '', entries}
)lua";

}  // namespace chat_log::redis
