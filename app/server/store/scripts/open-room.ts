/**
 * Opens a room that exists: leaves `epoch` (false: no message was published yet) and `top` as locals. A room's epoch
 * belongs to one server process (`run_id`): another process may have lost the newest writes (AOF everysec, asynchronous
 * replicas) and would give their offsets out again, so it begins a new epoch. Offsets go on, and `previous_epochs` keeps where
 * each earlier epoch ended: a client within that part has seen nothing that was lost, and needs no resync. That list
 * begins with `~<data set>:0`, the time before the first message. `dataSet` is the data that this Redis has, see data-set.ts.
 * KEYS[1] meta, KEYS[2] stream, KEYS[3] data set; ARGV[1] a fresh epoch, ARGV[2] meta TTL ms, ARGV[3] stream TTL ms.
 */
export const open = `
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
