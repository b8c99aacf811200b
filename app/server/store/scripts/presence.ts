import { time } from "./time";

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
