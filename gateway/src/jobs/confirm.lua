#!lua flags=allow-oom
-- Notes of jobs that the broker has their features; of those that have expired there is nothing to note.
--
-- ARGV     the time in ms, then the ids

for i = 2, #ARGV do
  local job = 'job:' .. ARGV[i]
  if redis.call('EXISTS', job) == 1 then
    redis.call('HSETNX', job, 'confirmed', ARGV[1])
  end
end
