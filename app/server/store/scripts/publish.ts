import { open } from "./open-room";

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
