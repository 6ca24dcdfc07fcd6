#!lua flags=allow-oom
-- Sets a field of a training, unless the record has expired or has the field already.
--
-- KEYS[1]  its record
-- ARGV     the name of the field, its value
-- Runs even when Redis is full: the training was accepted.

if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
end
