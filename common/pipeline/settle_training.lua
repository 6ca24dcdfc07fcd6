#!lua flags=allow-oom
-- Decides for good what becomes of a training: it is given up, or its model is stored. The first to
-- ask decides. Also when Redis is full: it is of what was accepted.
--
-- KEYS[1]  its record, see pipeline.training.record_key()
-- ARGV     `cancelled` or `storing`, the time; seconds that the record is kept then, if that changes
-- Returns  which of the two holds; nothing of a training whose record has expired

if redis.call('HEXISTS', KEYS[1], 'request') == 0 then
  return false
end
local other = ARGV[1] == 'storing' and 'cancelled' or 'storing'
if redis.call('HEXISTS', KEYS[1], other) == 1 then
  return other
end
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 1 and ARGV[3] then
  redis.call('EXPIRE', KEYS[1], ARGV[3])
end
return ARGV[1]
