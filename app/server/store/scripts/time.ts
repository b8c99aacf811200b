/** Redis' time as `now`, in milliseconds: pods' clocks differ. */
export const time = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;
