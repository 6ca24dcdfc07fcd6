#!lua flags=allow-oom
-- Notes a true value that the broker has.
--
-- KEYS[1]  the value that the broker has
-- KEYS[2]  the value that was told
-- ARGV     the value, seconds that it is kept
-- Also when Redis is full: it takes the place of what was told.

redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
redis.call('DEL', KEYS[2])
