"""The Lua scripts: everything that must happen at once.

Each is sent by its digest, and in full where the server does not know it. They use nothing but core commands of Redis 6.2,
and no library of Lua but `string`, so that Valkey and fakeredis run them too.

Conditional calls and appends leave a *proof* behind: a key of their own, with the answer, for longer than a
lost call can take to arrive. A call that is repeated, by us, by redis-py or by a proxy, finds its proof and
does nothing again.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Final

PROOF_MILLISECONDS: Final = 15_000
"""How long a proof stays: no call is repeated later than this."""


@dataclass(frozen=True, slots=True)
class Script:
    """One script.

    Attributes:
        text: Its source.
        digest: What the server calls it by.
    """

    text: str
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        # "EVALSHA evaluates a script by the SHA1 digest of it": chosen by Redis, and no secret depends on it.
        object.__setattr__(self, "digest", hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest())


# `head` is the beginning of a value, as llmcache_redis.values describes it.
_ALIVE = """
local function alive(head, stamp, now)
  if not stamp or string.sub(head, 1, 16) ~= stamp then return false end
  if string.sub(head, 17, 17) == ' ' then return true end
  local ends = string.match(head, '^@(%S+) ', 17)
  return ends ~= nil and tonumber(ends) ~= nil and tonumber(now) < tonumber(ends)
end
"""

STAMPED = """
local function stamped(key, fresh)
  local stamp = redis.call('GET', key)
  if not stamp then
    redis.call('SET', key, fresh)
    stamp = fresh
  end
  return stamp
end
"""

_KEEP = """
local function keep(key, px, value)
  if px == '' then redis.call('SET', key, value) else redis.call('SET', key, value, 'PX', px) end
end
"""

PUT = Script(
    STAMPED
    + _KEEP
    + """
-- KEYS: stamp, entries.  ARGV: fresh stamp, then for each entry its px and the rest of its value.
local stamp = stamped(KEYS[1], ARGV[1])
for place = 2, #KEYS do
  keep(KEYS[place], ARGV[2 * place - 2], stamp .. ARGV[2 * place - 1])
end
return #KEYS - 1
"""
)

PUT_IF_ABSENT = Script(
    _ALIVE
    + STAMPED
    + _KEEP
    + """
-- KEYS: stamp, entry, proof.  ARGV: fresh stamp, now, px, the rest of the value, the proof's px.
if redis.call('EXISTS', KEYS[3]) == 1 then return 1 end
local stamp = stamped(KEYS[1], ARGV[1])
if alive(redis.call('GETRANGE', KEYS[2], 0, 63), stamp, ARGV[2]) then return 0 end
keep(KEYS[2], ARGV[3], stamp .. ARGV[4])
redis.call('SET', KEYS[3], 1, 'PX', ARGV[5])
return 1
"""
)

DELETE_IF_EQUAL = Script(
    _ALIVE
    + """
-- KEYS: stamp, entry, proof.  ARGV: now, body, the proof's px.
if redis.call('EXISTS', KEYS[3]) == 1 then return 1 end
local value = redis.call('GET', KEYS[2])
if not value or not alive(value, redis.call('GET', KEYS[1]), ARGV[1]) then return 0 end
if string.sub(value, string.find(value, ' ', 17, true) + 1) ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[2])
redis.call('SET', KEYS[3], 1, 'PX', ARGV[3])
return 1
"""
)

# A log is a list: first a head as of a value, then the bodies, oldest first.
APPEND = Script(
    _ALIVE
    + STAMPED
    + """
-- KEYS: stamp, log, proof.  ARGV: fresh stamp, now, px, ends, cap, the proof's px, bodies.
local told = redis.call('GET', KEYS[3])
if told then return tonumber(told) end
local stamp = stamped(KEYS[1], ARGV[1])
local head = stamp .. ARGV[4] .. ' '
local found = redis.call('LINDEX', KEYS[2], 0)
if not found or not alive(found, stamp, ARGV[2]) then
  redis.call('DEL', KEYS[2])
  redis.call('RPUSH', KEYS[2], head)
elseif found ~= head then
  redis.call('LSET', KEYS[2], 0, head)
end
for place = 7, #ARGV, 1000 do
  redis.call('RPUSH', KEYS[2], unpack(ARGV, place, math.min(place + 999, #ARGV)))
end
local length = redis.call('LLEN', KEYS[2]) - 1
local cap = tonumber(ARGV[5])
if cap and length > cap then
  redis.call('LTRIM', KEYS[2], -cap, -1)
  redis.call('LPUSH', KEYS[2], head)
  length = cap
end
if ARGV[3] == '' then redis.call('PERSIST', KEYS[2]) else redis.call('PEXPIRE', KEYS[2], ARGV[3]) end
redis.call('SET', KEYS[3], length, 'PX', ARGV[6])
return length
"""
)

INDEX_HASH: Final = ":h"
"""What stands behind the name of a vector index where its hash lies."""

VECTORS_INSTEAD: Final = b"vectors"
"""What `READ_LOG` answers where there is no log, but a vector index of that name."""

READ_LOG = Script(
    _ALIVE
    + """
-- KEYS: stamp, log, and where a vector index would have its hash.  ARGV: now, start, stop or nothing; as of a slice in Python.
-- A word where there is no log, but such an index.
local head, stamp = redis.call('LINDEX', KEYS[2], 0), redis.call('GET', KEYS[1])
if not head or not alive(head, stamp, ARGV[1]) then
  if KEYS[3] and stamp and redis.call('HGET', KEYS[3], 'stamp') == stamp then return 'vectors' end
  return {}
end
local length = redis.call('LLEN', KEYS[2]) - 1
local function place(bound)
  if bound < 0 then bound = bound + length end
  return math.max(0, math.min(bound, length))
end
local start = place(tonumber(ARGV[2]))
local stop = place(tonumber(ARGV[3]) or length)
if start >= stop then return {} end
return redis.call('LRANGE', KEYS[2], start + 1, stop)
"""
)

LOG_LENGTH = Script(
    _ALIVE
    + """
-- KEYS: stamp, log.  ARGV: now.
local head = redis.call('LINDEX', KEYS[2], 0)
if not head or not alive(head, redis.call('GET', KEYS[1]), ARGV[1]) then return 0 end
return redis.call('LLEN', KEYS[2]) - 1
"""
)

DESCRIBE = Script(
    _ALIVE
    + """
-- KEYS: stamp, entries and logs.  ARGV: now.  For each nothing, or its number of bodies, their bytes, pttl and end.
local stamp = redis.call('GET', KEYS[1])
local answers = {}
for place = 2, #KEYS do
  local key, answer = KEYS[place], {}
  local kind = redis.call('TYPE', key)['ok']
  local head = ''
  if kind == 'string' then head = redis.call('GETRANGE', key, 0, 63) end
  if kind == 'list' then head = redis.call('LINDEX', key, 0) end
  if alive(head, stamp, ARGV[1]) then
    local length, bytes = 1, 0
    if kind == 'string' then
      bytes = redis.call('STRLEN', key) - string.find(head, ' ', 17, true)
    else
      length = redis.call('LLEN', key) - 1
      for _, body in ipairs(redis.call('LRANGE', key, 1, -1)) do bytes = bytes + #body end
    end
    answer = {length, bytes, redis.call('PTTL', key), string.match(head, '^@(%S+) ', 17) or ''}
  end
  answers[place - 1] = answer
end
return answers
"""
)

SWEEP = Script(
    _ALIVE
    + """
-- KEYS: stamp, entries and logs.  ARGV: now.  Deletes what no stamp makes valid.
local stamp = redis.call('GET', KEYS[1])
local swept = 0
for place = 2, #KEYS do
  local key = KEYS[place]
  local kind = redis.call('TYPE', key)['ok']
  local head = ''
  if kind == 'string' then head = redis.call('GETRANGE', key, 0, 63) end
  if kind == 'list' then head = redis.call('LINDEX', key, 0) end
  if not alive(head, stamp, ARGV[1]) then swept = swept + redis.call('UNLINK', key) end
end
return swept
"""
)
