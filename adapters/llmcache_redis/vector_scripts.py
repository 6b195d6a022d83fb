"""The Lua scripts of vector indexes, for servers that have vector sets: Redis 8, and no Valkey so far.

An index is four keys of one slot beside the stamp of its space:

    llmcache:1:shop/prod:vectors:docs:h      a hash: by which stamp the index counts, its dimensions, and how it keeps numbers
    llmcache:1:shop/prod:vectors:docs:v      the vector set; attributes are as `llmcache_redis.points` writes them
    llmcache:1:shop/prod:vectors:docs:e      ids by when they end, of those that do
    llmcache:1:shop/prod:vectors:docs:k      ids by when they are forgotten, of those that are

A sixth key is the log in which an index lies that was begun without `vectors=native`: who does not find it in here is told so.

Whoever writes to an index whose stamp is not the present one begins it anew; whoever reads it finds nothing.
"""

from typing import Final

from llmcache_redis.scripts import INDEX_HASH, STAMPED, Script

SUFFIXES: Final = (INDEX_HASH, ":v", ":e", ":k")
LOGS_INSTEAD: Final = b"logs"
"""What these scripts answer where there is no vector index, but a log of that name."""
FORGOTTEN_AT_ONCE: Final = 200
"""So many points that nobody keeps are removed by each write, which is more than a write adds."""

GRACE: Final = 3_600_000
"""Milliseconds that the server keeps an index beyond the end of its last point: the times in it are its callers'."""

EXACT_BELOW: Final = 1_000
"""An index of fewer points is searched one by one, which is as quick as by its graph, and exact."""

EXACT_BELOW_FILTERED: Final = 20_000
"""The same where facts must fit: by a graph of 10,000 points it takes twice as long to find one in a hundred."""

_KNOWN = """
local function known(stamp)
  local told = redis.call('HMGET', KEYS[2], 'stamp', 'dims', 'kind')
  if not stamp or told[1] ~= stamp then return nil end
  return told[2], told[3]
end

local function elsewhere(stamp)
  local head = redis.call('LINDEX', KEYS[6], 0)
  return stamp and head and string.sub(head, 1, #stamp) == stamp
end
"""

_ROW = """
local function row(id, score)
  local raw = redis.call('VEMB', KEYS[3], id, 'RAW')
  if not raw then return false end
  return {id, redis.call('VGETATTR', KEYS[3], id) or '', raw[2], raw[4] or '', score or ''}
end
"""

_FORGET = """
local function remove(ids)
  for _, id in ipairs(ids) do
    redis.call('VREM', KEYS[3], id)
    redis.call('ZREM', KEYS[4], id)
    redis.call('ZREM', KEYS[5], id)
  end
end
"""

_HOLDS = """
local function holds(id, over, now)
  if over == '*' then return true end
  local raw = redis.call('VGETATTR', KEYS[3], id)
  local there = raw and cjson.decode(raw)
  if not there or (there.k ~= cjson.null and there.k <= tonumber(now)) then return over == '-' end
  return '=' .. (there.s or '') == over
end
"""

PUT_POINTS = Script(
    STAMPED
    + _KNOWN
    + _FORGET
    + _HOLDS
    + """
-- KEYS: stamp, h, v, e, k.  ARGV: fresh stamp, now, dimensions, quantisation, most to forget, grace in milliseconds, then for each
-- point its id, vector, attributes, end and when it is forgotten, both '' for never, and what must be there: '*' anything, '-' nothing,
-- '=' and a version.  Nothing is put where dimensions or quantisation differ.
local stamp = stamped(KEYS[1], ARGV[1])
local dims, kind = known(stamp)
if not dims and elsewhere(stamp) then return 'logs' end
if dims and dims ~= ARGV[3] then return -tonumber(dims) end
if dims and kind ~= ARGV[4] then return kind end
if not dims then redis.call('UNLINK', KEYS[2], KEYS[3], KEYS[4], KEYS[5]) end
local function note(key, instant, id)
  if instant == '' then redis.call('ZREM', key, id) else redis.call('ZADD', key, instant, id) end
end
local is_put = false
for place = 7, #ARGV, 6 do
  local id = ARGV[place]
  if holds(id, ARGV[place + 5], ARGV[2]) then
    redis.call('VADD', KEYS[3], 'FP32', ARGV[place + 1], id, ARGV[4], 'SETATTR', ARGV[place + 2])
    note(KEYS[4], ARGV[place + 3], id)
    note(KEYS[5], ARGV[place + 4], id)
    is_put = true
  end
end
if not is_put and not dims then return 1 end
redis.call('HSET', KEYS[2], 'stamp', stamp, 'dims', ARGV[3], 'kind', ARGV[4])
remove(redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', ARGV[2], 'LIMIT', 0, ARGV[5]))
local last = redis.call('ZRANGE', KEYS[5], -1, -1, 'WITHSCORES')
local is_lasting = redis.call('VCARD', KEYS[3]) > redis.call('ZCARD', KEYS[5]) or not last[2]
for place = 2, 5 do
  if is_lasting then
    redis.call('PERSIST', KEYS[place])
  else
    local left = math.max(0, tonumber(last[2]) - tonumber(ARGV[2])) * 1000 + tonumber(ARGV[6])
    redis.call('PEXPIRE', KEYS[place], string.format('%.0f', left))
  end
end
return 1
"""
)

DELETE_POINTS = Script(
    _KNOWN
    + _FORGET
    + _HOLDS
    + """
-- KEYS: stamp, h, v, e, k.  ARGV: now, then ids, each with what must be there.
if not known(redis.call('GET', KEYS[1])) then return 0 end
for place = 2, #ARGV, 2 do
  if holds(ARGV[place], ARGV[place + 1], ARGV[1]) then remove({ARGV[place]}) end
end
return 1
"""
)

GET_POINTS = Script(
    _KNOWN
    + _ROW
    + """
-- KEYS: stamp, h, v, e, k, log.  ARGV: ids.  A row for each, or nothing.
local stamp = redis.call('GET', KEYS[1])
if not known(stamp) then return elsewhere(stamp) and 'logs' or {} end
local rows = {}
for place, id in ipairs(ARGV) do rows[place] = row(id) or {} end
return rows
"""
)

NEAREST = Script(
    _KNOWN
    + _ROW
    + """
-- KEYS: stamp, h, v, e, k.  ARGV: dimensions, vector, how many, how many the graph is asked for, filter, the most points that
-- are looked at one by one, '1' where vectors are wanted.
-- 0 where there is no index, less where its dimensions are others; else whether all were looked at, how many there are, and rows.
local stamp = redis.call('GET', KEYS[1])
local dims = known(stamp)
if not dims then return elsewhere(stamp) and 'logs' or 0 end
if dims ~= ARGV[1] then return -tonumber(dims) end
local size = redis.call('VCARD', KEYS[3])
if size == 0 then return {1, 0, {}} end
local many, breadth = math.min(tonumber(ARGV[3]), size), math.min(tonumber(ARGV[4]), 100000)
local is_exact = size <= tonumber(ARGV[6])
local words = {'VSIM', KEYS[3], 'FP32', ARGV[2], 'WITHSCORES', 'COUNT', many, 'FILTER', ARGV[5]}
if is_exact then
  words[#words + 1] = 'TRUTH'
else
  for _, word in ipairs({'EF', breadth, 'FILTER-EF', 1000000}) do words[#words + 1] = word end
end
local found = redis.call(unpack(words))
local rows = {}
for place = 1, #found, 2 do
  local id, score = found[place], found[place + 1]
  rows[#rows + 1] = ARGV[7] == '1' and row(id, score) or {id, redis.call('VGETATTR', KEYS[3], id) or '', '', '', score}
end
return {is_exact and 1 or 0, size, rows}
"""
)

ENDED_POINTS = Script(
    _KNOWN
    + _ROW
    + """
-- KEYS: stamp, h, v, e, k.  ARGV: until, now, how many.
local rows, first = {}, 0
local stamp = redis.call('GET', KEYS[1])
if not known(stamp) then return elsewhere(stamp) and 'logs' or rows end
while true do
  local ids = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', ARGV[1], 'LIMIT', first, 100)
  if #ids == 0 then return rows end
  for _, id in ipairs(ids) do
    local kept = redis.call('ZSCORE', KEYS[5], id)
    if not kept or tonumber(kept) > tonumber(ARGV[2]) then rows[#rows + 1] = row(id) or nil end
    if #rows >= tonumber(ARGV[3]) then return rows end
  end
  first = first + #ids
end
"""
)

DESCRIBE_INDEX = Script(
    _KNOWN
    + """
-- KEYS: stamp, h, v, e, k.  ARGV: grace in milliseconds.  As for a log: the number of points, the bytes of their numbers, pttl, and
-- no end of another clock; or nothing.
local dims, kind = known(redis.call('GET', KEYS[1]))
if not dims then return {} end
local size, left = redis.call('VCARD', KEYS[3]), redis.call('PTTL', KEYS[3])
if size == 0 then return {} end
local width = kind == 'Q8' and 1 or 4
return {size, size * tonumber(dims) * width, left < 0 and left or math.max(0, left - tonumber(ARGV[1])), ''}
"""
)

SWEEP_INDEX = Script(
    _KNOWN
    + """
-- KEYS: stamp, h, v, e, k.  Gives back an index that was cleared.
if known(redis.call('GET', KEYS[1])) then return 0 end
return redis.call('UNLINK', KEYS[2], KEYS[3], KEYS[4], KEYS[5])
"""
)
