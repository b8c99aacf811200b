/**
 * The Lua scripts. Each is one atomic step on the keys of one slot; every read that a write depends on is here. They require
 * Redis 7.0 or Valkey 7.2, and a user with the permission `info` besides the commands that the scripts call.
 */

/**
 * Opens a room that exists: leaves `epoch` (false: no message was published yet) and `top` as locals. A room's epoch
 * belongs to one server process (`run_id`): another process may have lost the newest writes (AOF everysec, asynchronous
 * replicas) and would give their offsets out again, so it begins a new epoch. Offsets go on, and `previous_epochs` keeps where
 * each earlier epoch ended: a client within that part has seen nothing that was lost, and needs no resync. That list
 * begins with `~<data set>:0`, the time before the first message. `dataSet` is the data that this Redis has, see data-set.ts.
 * KEYS[1] meta, KEYS[2] stream, KEYS[3] data set; ARGV[1] a fresh epoch, ARGV[2] meta TTL ms, ARGV[3] stream TTL ms.
 */
const open = `
local meta, stream = KEYS[1], KEYS[2]
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local process = string.sub(run, 1, 12)
local function dataSet()
  local known = redis.call('GET', KEYS[3])
  if not known then redis.call('SET', KEYS[3], ARGV[1]) end
  return known or ARGV[1]
end
local m = redis.call('HMGET', meta, 'epoch', 'top', 'run', 'previous_epochs')
local epoch, top, previous = m[1], tonumber(m[2] or '0'), m[4] or ''
local function begin(kept, name)
  epoch, previous = name or ARGV[1], kept
  redis.call('HSET', meta, 'epoch', epoch, 'top', top, 'run', run, 'previous_epochs', previous)
end
if epoch and m[3] ~= run then
  local kept = epoch .. ':' .. top
  local n = 1
  for entry in string.gmatch(previous, '%S+') do
    if n < 8 then kept = kept .. ' ' .. entry end
    n = n + 1
  end
  begin(kept)
end
-- Called last: a server that is out of memory refuses a script's first write, but none behind one that was allowed.
local function keep()
  redis.call('PEXPIRE', meta, ARGV[2])
  redis.call('PEXPIRE', stream, ARGV[3])
end
`;

/**
 * Publishes messages of one publisher, in their order: for each, dedupe → offset → append → publish. Stores all or none. The
 * first message creates the room. Returns {epoch, offset, outcome, offset, outcome, …}; outcome 0: stored, 1: stored before, 2:
 * refused, because ids do not count by 1. Nothing after a refused one is tried. KEYS[4] publisher; ARGV[4] publisher TTL ms, [5]
 * history size, [6] ids remembered a publisher, [7] history bytes, [8] the epoch under which the caller knows the room to be
 * empty ('' for none), then ids and bodies.
 */
export const publish = `${open}
if not epoch then
  -- Under the name that its members know already, they need not be told of another. Nobody has had a message under it:
  -- the caller has listened since, and another process, which may have lost some, or another data set has another name.
  local set = dataSet()
  local known = '~' .. set .. '.' .. process .. '.'
  begin('~' .. set .. ':0', string.sub(ARGV[8], 1, #known) == known and ARGV[8] or nil)
  redis.call('DEL', stream)
end
local remembered = tonumber(ARGV[6])
local reply = {epoch}
local added = 0
local function add(offset, outcome)
  reply[#reply + 1] = offset
  reply[#reply + 1] = outcome
end
local function isSparse(id)
  if redis.call('HLEN', KEYS[4]) < 2 * remembered then return false end
  -- Ids that were given up leave holes, behind which older ids were kept.
  for _, old in ipairs(redis.call('HKEYS', KEYS[4])) do
    if tonumber(old) <= id - remembered then redis.call('HDEL', KEYS[4], old) end
  end
  return redis.call('HLEN', KEYS[4]) >= 2 * remembered
end
for i = 9, #ARGV, 2 do
  local id, body = tonumber(ARGV[i]), ARGV[i + 1]
  local known = redis.call('HGET', KEYS[4], ARGV[i])
  if known then
    add(tonumber(known), 1)
  elseif isSparse(id) then
    add(0, 2)
    break
  else
    -- The entry before the count: where it is refused, nothing has changed.
    redis.call('XADD', stream, 'MAXLEN', '~', ARGV[5], string.format('%.0f', top + 1) .. '-0', 'm', body)
    top = redis.call('HINCRBY', meta, 'top', 1)
    redis.call('HSET', KEYS[4], ARGV[i], top)
    redis.call('HDEL', KEYS[4], string.format('%.0f', id - remembered))
    redis.call('SPUBLISH', stream, epoch .. ' ' .. string.format('%.0f', top) .. ' ' .. body)
    added = added + #body
    add(top, 0)
  end
end
-- 'bytes' is what was added since the history was last measured, and what it held then: never less than it holds now.
-- Measuring reads the history, so it makes room for a quarter of it: the next time comes that many bytes later.
local limit = tonumber(ARGV[7])
if added > 0 and redis.call('HINCRBY', meta, 'bytes', added) > limit then
  local held, cut, from = 0, nil, '+'
  repeat
    local part = redis.call('XREVRANGE', stream, from, '-', 'COUNT', 32)
    for _, entry in ipairs(part) do
      local bytes = #entry[2][2]
      if held > 0 and held + bytes > limit * 3 / 4 then
        cut = tonumber(string.match(entry[1], '^%d+')) + 1
        break
      end
      held = held + bytes
      from = '(' .. entry[1]
    end
  until cut or #part < 32
  if cut then redis.call('XTRIM', stream, 'MINID', string.format('%.0f', cut) .. '-0') end
  redis.call('HSET', meta, 'bytes', held)
end
redis.call('PEXPIRE', KEYS[4], ARGV[4])
keep()
return reply
`;

/**
 * Reads a room from a position on. Returns {epoch, top, recovered, base, offset, body, offset, body, …}: the entries after
 * \`base\`, contiguous; recovered is 1 when the position belongs to this room's history and nothing after it is missing. A room
 * without a message has no keys, and reading it writes none. Its epoch, \`~<data set>.<process>.<quarter>\`, holds the time, in
 * quarters of the streams' time to live: within four, every message since then is still stored. ARGV[4] known epoch ('' for
 * none), [5] known offset, [6] entries wanted, [7] history wanted where not recovered ('acked': from the user's acknowledged
 * offset on), [8] '1' when the caller is a server, whose position is proof, because it has listened all the time, [9] bytes of
 * bodies in the page, at most; one body may be larger.
 */
export const read = `${open}
local knownEpoch, known, count = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local proof = ARGV[8] == '1'
local quarter = math.floor(tonumber(redis.call('TIME')[1]) * 4000 / tonumber(ARGV[3]))
local ended = epoch and knownEpoch == epoch and top or nil
if knownEpoch ~= '' and not ended then
  for e, t in string.gmatch(previous, '(%S+):(%d+)') do
    if e == knownEpoch then ended = tonumber(t) end
  end
end
local set, ranBy, at = string.match(knownEpoch, '^(~[^.]+)%.(%w+)%.(%d+)$')
if set and not ended then
  local isFresh = proof or quarter - tonumber(at) < 4
  local begins = not epoch and '~' .. dataSet() or string.match(previous, '(~%S+):0$')
  if isFresh and set == begins and known == 0 then
    ended = 0
  elseif isFresh and epoch and previous == set .. ':0' and ranBy == process and string.sub(epoch, 1, 1) ~= '~' then
    -- The client has passed over the sync that named the epoch of the first message, which is still this one.
    ended = top
  end
end
if not epoch then
  return {table.concat({'~' .. dataSet(), process, string.format('%.0f', quarter)}, '.'), 0, ended and 1 or 0, 0}
end
if ended and known > ended and proof then
  -- A server has delivered what this history no longer holds: part of it was lost. Nobody recovers across that.
  begin('')
  ended = nil
end
local function offsetOf(entry) return tonumber(string.match(entry[1], '^%d+')) end
local function range(from, n)
  return redis.call('XRANGE', stream, string.format('%.0f', from) .. '-0', '+', 'COUNT', n)
end
-- Asks for few at first, then for as many as the bytes that are left can hold of the size seen so far.
local function page(from)
  local entries, bytes, limit, n = {}, 0, tonumber(ARGV[9]), 4
  while #entries < count do
    n = math.min(n, count - #entries)
    local part = range(from, n)
    for _, entry in ipairs(part) do
      bytes = bytes + #entry[2][2]
      if bytes > limit and #entries > 0 then return entries end
      entries[#entries + 1] = entry
    end
    if #part < n then break end
    from = offsetOf(part[#part]) + 1
    n = math.max(1, math.floor((limit - bytes) * #entries / math.max(bytes, 1)))
  end
  return entries
end
local recovered, base, entries = 0, known, {}
if ended and known <= ended then
  entries = count > 0 and page(known + 1) or {}
  local first = entries[1] or range(known + 1, 1)[1]
  if known == top or (first and offsetOf(first) == known + 1) then recovered = 1 end
end
if recovered == 0 then
  local wanted
  if ARGV[7] == 'acked' then wanted = tonumber(redis.call('HGET', meta, 'acked') or '0')
  else wanted = top - tonumber(ARGV[7]) end
  base, entries = top, {}
  if wanted < top then
    local first = range(math.max(wanted, 0) + 1, 1)[1]
    if first then base = offsetOf(first) - 1 end
    if count > 0 and first then entries = page(base + 1) end
  end
end
keep()
local reply = {epoch, top, recovered, base}
for _, entry in ipairs(entries) do
  reply[#reply + 1] = offsetOf(entry)
  reply[#reply + 1] = entry[2][2]
end
return reply
`;

/**
 * Returns the state of many rooms and renews their TTL, as \`read\` does for one. Writes no epoch: for a room that needs a new
 * one, or cannot be read, the result is empty, and the caller must use \`read\`. KEYS[1] data set, then for each room meta and
 * stream; ARGV[1] meta TTL ms, [2] stream TTL ms. Returns for each {epoch, top, acknowledged offset}, or an empty list.
 */
export const look = `#!lua flags=allow-oom
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local set = redis.call('GET', KEYS[1])
local quarter = math.floor(tonumber(redis.call('TIME')[1]) * 4000 / tonumber(ARGV[2]))
local empty = set and {table.concat({'~' .. set, string.sub(run, 1, 12), string.format('%.0f', quarter)}, '.'), 0, 0} or {}
local states = {}
for i = 2, #KEYS, 2 do
  local m = redis.pcall('HMGET', KEYS[i], 'epoch', 'top', 'run', 'acked')
  local state = {}
  if not m.err and not m[1] then
    state = empty
  elseif m[3] == run then
    redis.call('PEXPIRE', KEYS[i], ARGV[1])
    redis.call('PEXPIRE', KEYS[i + 1], ARGV[2])
    state = {m[1], tonumber(m[2] or '0'), tonumber(m[4] or '0')}
  end
  states[#states + 1] = state
end
return states
`;

/** Moves the acknowledged offset of a user's inbox forward. KEYS[1] meta; ARGV[1] epoch, ARGV[2] offset. */
export const markRead = `
local m = redis.call('HMGET', KEYS[1], 'epoch', 'top', 'acked')
local offset = tonumber(ARGV[2])
if m[1] == ARGV[1] and offset <= tonumber(m[2]) and offset > tonumber(m[3] or '0') then
  redis.call('HSET', KEYS[1], 'acked', ARGV[2])
  return 1
end
return 0
`;

/**
 * Writes a session as its pod knows it, unless a newer socket has it: creates the record, or corrects it after Redis restarted
 * without its newest writes. A record of an older generation is replaced; in one of the same generation only the rooms can be
 * wrong. A new session needs memory, so Redis refuses its first write if memory is full. Therefore nothing is deleted before that
 * write, unless there is something to delete. KEYS[1] session; ARGV[1] TTL ms, [2] generation, then fields and values. Returns 1
 * if it wrote.
 */
export const writeSession = `
local stored = tonumber(redis.call('HGET', KEYS[1], 'generation') or '0')
local generation = tonumber(ARGV[2])
if stored > generation then return 0 end
if stored < generation and redis.call('EXISTS', KEYS[1]) == 1 then redis.call('DEL', KEYS[1]) end
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(field, 1, 5) == 'room:' then redis.call('HDEL', KEYS[1], field) end
end
redis.call('HSET', KEYS[1], 'generation', ARGV[2])
-- In parts: Lua passes no more than about 8,000 values at once, and a session may have 10,000 rooms.
for i = 3, #ARGV, 1000 do
  redis.call('HSET', KEYS[1], unpack(ARGV, i, math.min(i + 999, #ARGV)))
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
`;

/** Redis' time as `now`, in milliseconds: pods' clocks differ. */
const time = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * Resumes sessions: each for its user, with its token, or with the previous token within the grace time. The generation increases
 * and the token rotates. It runs when memory is full, because it takes almost none: a client with a session keeps it then. KEYS
 * sessions; ARGV[1] pod, [2] TTL ms, [3] grace ms, then for each session its user, the hash of the token shown, and the hash of
 * the new token. Returns for each {generation, old pod, created_at, …room fields}, or a text: empty for a refusal of any reason,
 * otherwise the error of a record that cannot be read.
 */
export const resumeSessions = `#!lua flags=allow-oom
${time}
local function resume(key, user, shown, new)
  local s = redis.pcall('HMGET', key, 'user_id', 'token', 'token_before', 'token_before_until', 'generation', 'pod_id', 'created_at')
  if s.err then return s.err end
  if not s[1] or s[1] ~= user then return '' end
  if s[2] ~= shown and not (s[3] == shown and now < (tonumber(s[4] or '0') or 0)) then return '' end
  local generation = tonumber(s[5] or '0')
  if not generation or generation % 1 ~= 0 or generation >= 2 ^ 53 then return 'ERR the generation is no number' end
  generation = generation + 1
  redis.call('HSET', key, 'generation', string.format('%.0f', generation), 'token', new, 'token_before', shown,
    'token_before_until', string.format('%.0f', now + ARGV[3]), 'pod_id', ARGV[1])
  redis.call('PEXPIRE', key, ARGV[2])
  local reply = {generation, s[6], s[7]}
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if string.sub(field, 1, 5) == 'room:' then reply[#reply + 1] = string.sub(field, 6) end
  end
  return reply
end
local replies = {}
for i, key in ipairs(KEYS) do
  local at = 1 + 3 * i
  replies[i] = resume(key, ARGV[at], ARGV[at + 1], ARGV[at + 2])
end
return replies
`;

/**
 * Runs one command on a session while it is still the caller's: a newer generation's writes are never undone by an older socket.
 * It runs when memory is full, like resuming. KEYS[1] session; ARGV[1] generation, ARGV[2] command, then its arguments. Returns 1
 * if it ran.
 */
export const fenced = `#!lua flags=allow-oom
if redis.call('HGET', KEYS[1], 'generation') ~= ARGV[1] then return 0 end
redis.call(ARGV[2], KEYS[1], unpack(ARGV, 3))
return 1
`;

/**
 * Notes connections as present in rooms, and removes entries that were not refreshed for the TTL: a pod that crashed cannot
 * remove its own. KEYS present, of each room; ARGV[1] TTL ms, [2] '1' to remove expired entries, then for each room the number of
 * its members and the members. A key of the wrong type concerns only its own room; the reply is then the error.
 */
export const notePresent = `#!lua flags=allow-oom
${time}
local at, refused = 3, nil
for _, key in ipairs(KEYS) do
  local last, isRefused = at + tonumber(ARGV[at]), false
  -- In parts: Lua passes no more than about 8,000 values at once.
  while at < last do
    local add = {}
    while at < last and #add < 1000 do
      at = at + 1
      add[#add + 1] = now
      add[#add + 1] = ARGV[at]
    end
    local added = redis.pcall('ZADD', key, unpack(add))
    if type(added) == 'table' then refused, isRefused = added, true end
  end
  at = last + 1
  if not isRefused then
    if ARGV[2] == '1' then redis.call('ZREMRANGEBYSCORE', key, '-inf', now - ARGV[1]) end
    redis.call('PEXPIRE', key, ARGV[1])
  end
end
return refused
`;

/** The connections that were noted as present within the TTL. KEYS[1] present; ARGV[1] TTL ms. */
export const present = `#!lua flags=no-writes
${time}
return redis.call('ZRANGE', KEYS[1], string.format('%.0f', now - ARGV[1]), '+inf', 'BYSCORE')
`;

/** Keeps sessions alive. KEYS sessions; ARGV[1] TTL ms. Returns the indexes, from 0, of those that do not exist. */
export const refreshSessions = `#!lua flags=allow-oom
local missing = {}
for i, key in ipairs(KEYS) do
  if redis.call('PEXPIRE', key, ARGV[1]) == 0 then missing[#missing + 1] = i - 1 end
end
return missing
`;

/**
 * Compares many rooms at once with what their pod knows of them. Writes nothing. In a Cluster it runs on the node that serves all
 * of them, whatever their slots; a room that it does not serve counts as changed. ARGV: meta key and `<epoch>:<top>` of each, `:`
 * for a room without a message. Returns the indexes of those that differ.
 */
export const changedRooms = `#!lua flags=no-writes,allow-cross-slot-keys
local changed = {}
for i = 1, #ARGV, 2 do
  local m = redis.pcall('HMGET', ARGV[i], 'epoch', 'top')
  if m.err or (m[1] or '') .. ':' .. (m[2] or '') ~= ARGV[i + 1] then changed[#changed + 1] = (i - 1) / 2 end
end
return changed
`;

/**
 * Notes a pod's load, removes loads that were not renewed within the time to live (by Redis' clock), and returns the others.
 * KEYS[1] loads; ARGV[1] pod, [2] load, [3] time to live ms.
 */
export const exchangeLoads = `#!lua flags=allow-oom
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local ttl = tonumber(ARGV[3])
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now + ttl) .. ' ' .. ARGV[2])
redis.call('PEXPIRE', KEYS[1], ttl)
local loads, entries = {}, redis.call('HGETALL', KEYS[1])
for i = 1, #entries, 2 do
  local ends, load = string.match(entries[i + 1], '^(%d+) (.*)$')
  if ends and tonumber(ends) > now then
    loads[#loads + 1] = load
  else
    redis.call('HDEL', KEYS[1], entries[i])
  end
end
return loads
`;
