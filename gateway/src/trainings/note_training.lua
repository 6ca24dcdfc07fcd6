#!lua flags=allow-oom
-- Notes something of a training, unless its record has expired, or has it already.
--
-- KEYS[1]  its record
-- ARGV     the name of the field, its value
-- Also when Redis is full: it is of what was accepted.

if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
end
