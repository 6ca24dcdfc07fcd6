#!lua flags=allow-oom
-- Stores a label that the broker has.
--
-- KEYS[1]  the label that the broker has
-- KEYS[2]  the label that a client sent
-- ARGV     the label, seconds that it is kept
-- Runs even when Redis is full: it replaces what the client sent.

redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
redis.call('DEL', KEYS[2])
