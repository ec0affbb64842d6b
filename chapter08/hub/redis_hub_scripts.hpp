// What Redis does by itself for a RedisHub, in Lua.
#pragma once

#include <string_view>

namespace chat_hub::redis {

// Keys of all: the events, which are a stream; the set of shards; the lease of the shard that asks.
// The lease of another has the key of that one with another name at its end.

/// Takes the shard, the lease in ms, its hello. Gives the last id before that, and the shards.
constexpr std::string_view join_script = R"lua(
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
redis.call('XADD', KEYS[1], 'MAXLEN', '~', 10000, '*', 'event', ARGV[3])
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('SET', KEYS[3], '', 'PX', ARGV[2])
return {last and last[1] or '0-0', redis.call('SMEMBERS', KEYS[2])}
)lua";

/// Takes the shard, the lease, the id of the event that it has read last. Gives whether that one is
/// still there, so that the caller can read on after it, and whether the shard was new to the set.
constexpr std::string_view renew_script = R"lua(
local is_new = redis.call('SADD', KEYS[2], ARGV[1])
redis.call('SET', KEYS[3], '', 'PX', ARGV[2])
return {#redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[3]), is_new}
)lua";

/// Takes the shard. The one that removes a shard from the set says that it has ended, and no other
/// does.
constexpr std::string_view reap_script = R"lua(
local own = string.sub(KEYS[3], 1, -1 - #ARGV[1])
for _, shard in ipairs(redis.call('SMEMBERS', KEYS[2])) do
    if redis.call('EXISTS', own .. shard) == 0 then
        redis.call('XADD', KEYS[1], 'MAXLEN', '~', 10000, '*', 'event',
            '{"kind":"gone","shard":"' .. shard .. '"}')
        redis.call('SREM', KEYS[2], shard)
    end
end
)lua";

/// Takes the shard, which ends.
constexpr std::string_view leave_script = R"lua(
redis.call('DEL', KEYS[3])
if redis.call('SREM', KEYS[2], ARGV[1]) == 1 then
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', 10000, '*', 'event',
        '{"kind":"gone","shard":"' .. ARGV[1] .. '"}')
end
)lua";

}  // namespace chat_hub::redis
