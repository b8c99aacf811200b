import { open } from "./open-room";

/**
 * Reads a room from a position on. Returns {epoch, top, recovered, base, offset, body, offset, body, …}: the entries after
 * `base`, contiguous; recovered is 1 when the position belongs to this room's history and nothing after it is missing. A room
 * without a message has no keys, and reading it writes none. Its epoch, `~<data set>.<process>.<quarter>`, holds the time, in
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
