-- Notes a true value that is to be published, unless one was told for this id before.
--
-- KEYS[1]  the value that the broker has
-- KEYS[2]  the value that was told
-- ARGV     the value, seconds that it is kept
-- Returns  the value that was told first

local first = redis.call('GET', KEYS[1]) or redis.call('GET', KEYS[2])
if first then
  return first
end
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
return ARGV[1]
