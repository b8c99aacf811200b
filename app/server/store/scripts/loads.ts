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
