/**
 * Returns the state of many rooms and renews their TTL, as `read` does for one. Writes no epoch: for a room that needs a new
 * one, or cannot be read, the result is empty, and the caller must use `read`. KEYS[1] data set, then for each room meta and
 * stream; ARGV[1] meta TTL ms, [2] stream TTL ms. Returns for each {epoch, top, acknowledged offset}, or an empty list.
 */
export const readState = `#!lua flags=allow-oom
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
