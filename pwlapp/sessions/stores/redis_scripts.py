"""Lua scripts, each of which Redis runs as one atomic command.

Times are those of Redis's clock, since the clocks of several machines may differ.
"""

from __future__ import annotations

NOW = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
"""

# KEYS: session, frames, running, used, steps.
# ARGV: sid, expected version (empty: a new session), token of this save, new version, whether it is
#       running, time of use, state, first_seq, next_seq, channel, number of a step (empty: none),
#       its bytes, number of the first step, number after the last one, then seq and bytes of each
#       frame.
# Returns 1: saved; 0: no such session; -1: the session has another version.
SAVE = (
    NOW
    + """
local kept = redis.call('HMGET', KEYS[1], 'version', 'token')
if kept[2] == ARGV[3] then return 1 end  -- a repeated save, whose answer was lost
if ARGV[2] ~= '' then
  if not kept[1] then return 0 end
  if kept[1] ~= ARGV[2] then return -1 end
end
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
local seq = last[1] and tonumber(string.match(last[1][1], '^%d+')) or 0
for i = 15, #ARGV, 2 do
  if tonumber(ARGV[i]) <= seq then
    return redis.error_reply('frame ' .. ARGV[i] .. ' after frame ' .. seq)
  end
  seq = tonumber(ARGV[i])
end
redis.call('HSET', KEYS[1], 'version', ARGV[4], 'token', ARGV[3], 'state', ARGV[7],
           'next_seq', ARGV[9], 'begun', 0)
redis.call('XTRIM', KEYS[2], 'MINID', ARGV[8])
for i = 15, #ARGV, 2 do
  redis.call('XADD', KEYS[2], ARGV[i] .. '-0', 'f', ARGV[i + 1])
end
if ARGV[11] ~= '' then
  redis.call('HSET', KEYS[5], ARGV[11], ARGV[12])
  for _, number in ipairs(redis.call('HKEYS', KEYS[5])) do
    if tonumber(number) < tonumber(ARGV[13]) or tonumber(number) >= tonumber(ARGV[14]) then
      redis.call('HDEL', KEYS[5], number)
    end
  end
end
redis.call('ZADD', KEYS[4], ARGV[6], ARGV[1])
if ARGV[5] == '1' then
  redis.call('ZADD', KEYS[3], now, ARGV[1])
else
  redis.call('ZREM', KEYS[3], ARGV[1])
end
redis.call('PUBLISH', ARGV[10], ARGV[1])
return 1
"""
)

# KEYS: session, frames, used. ARGV: sid, time of use, last known seq (empty: no frames wanted).
# Returns the state, then the frames as entries of a stream; nothing if there is no such session.
READ = """
local kept = redis.call('HMGET', KEYS[1], 'state', 'next_seq')
if not kept[1] then return false end
redis.pcall('ZADD', KEYS[3], 'XX', ARGV[2], ARGV[1])  -- fails if Redis is full
if ARGV[3] == '' then return {kept[1]} end
local since = ARGV[3]
if tonumber(since) >= tonumber(kept[2]) then since = '0' end
return {kept[1], redis.call('XRANGE', KEYS[2], '(' .. since .. '-0', '+')}
"""

# KEYS: used, running.
# ARGV: oldest time of use, largest number, prefixes of the keys of sessions, frames and steps.
# Returns the number of sessions that were deleted.
EXPIRE = """
local sids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[2])
for _, sid in ipairs(sids) do
  redis.call('DEL', ARGV[3] .. sid, ARGV[4] .. sid, ARGV[5] .. sid)
  redis.call('ZREM', KEYS[1], sid)
  redis.call('ZREM', KEYS[2], sid)
end
return #sids
"""

# KEYS: session, running. ARGV: sid, version, seconds between two attempts.
# Returns the state and the number of attempts at its next slice; nothing if the session has another
# version. Attempts that follow each other faster count as one: they come from a duplicate message,
# not from a worker that died.
BEGIN = (
    NOW
    + """
local kept = redis.call('HMGET', KEYS[1], 'version', 'state', 'begun', 'begun_at')
if kept[1] ~= ARGV[2] then return false end
redis.call('ZADD', KEYS[2], 'XX', now, ARGV[1])
local begun = tonumber(kept[3] or 0)
if begun == 0 or now - tonumber(kept[4] or 0) > tonumber(ARGV[3]) then
  begun = begun + 1
  redis.call('HSET', KEYS[1], 'begun', begun, 'begun_at', now)
end
return {kept[2], begun}
"""
)

# KEYS: running. ARGV: seconds, largest number.
# Returns the sids of running sessions without a slice for these seconds, each to one caller only.
CLAIM = (
    NOW
    + """
local sids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1], 'LIMIT', 0, ARGV[2])
for _, sid in ipairs(sids) do redis.call('ZADD', KEYS[1], now, sid) end
return sids
"""
)

# KEYS: data. ARGV: 1 if the data have no problem, else 0; data, channel.
# Returns the data that the servers share.
SHARE_DATA = """
local sound = redis.call('HGET', KEYS[1], 'sound')
if not sound or sound < ARGV[1] then
  redis.call('HSET', KEYS[1], 'sound', ARGV[1], 'data', ARGV[2])
  redis.call('PUBLISH', ARGV[3], '')
end
return redis.call('HGET', KEYS[1], 'data')
"""
