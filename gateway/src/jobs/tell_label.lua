-- Stores a label before it is published, unless one was sent for this id before.
--
-- KEYS[1]  the label that the broker has
-- KEYS[2]  the label that a client sent
-- ARGV     the label, seconds that it is kept
-- Returns  the label that was sent first

local first = redis.call('GET', KEYS[1]) or redis.call('GET', KEYS[2])
if first then
  return first
end
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
return ARGV[1]
