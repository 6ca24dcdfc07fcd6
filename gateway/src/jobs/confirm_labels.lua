#!lua flags=allow-oom
-- Stores labels that the broker has, or that a job alone is to show.
--
-- ARGV     the beginning of all keys, seconds that a label is kept, then for each job its id and its label
-- Runs even when Redis is full: it replaces what the client sent.

for i = 3, #ARGV, 2 do
  redis.call('SET', ARGV[1] .. 'label:' .. ARGV[i], ARGV[i + 1], 'EX', ARGV[2])
  redis.call('DEL', ARGV[1] .. 'told:' .. ARGV[i])
end
