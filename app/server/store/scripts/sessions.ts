import { time } from "./time";

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

/** Keeps sessions alive. KEYS sessions; ARGV[1] TTL ms. Returns the indexes, from 0, of those that do not exist. */
export const refreshSessions = `#!lua flags=allow-oom
local missing = {}
for i, key in ipairs(KEYS) do
  if redis.call('PEXPIRE', key, ARGV[1]) == 0 then missing[#missing + 1] = i - 1 end
end
return missing
`;
