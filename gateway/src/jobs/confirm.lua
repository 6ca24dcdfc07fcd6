#!lua flags=allow-oom
-- Marks jobs as confirmed: the broker has their features. Skips jobs that have expired.
--
-- ARGV     the beginning of all keys, the time in ms, then the ids

for i = 3, #ARGV do
  local job = ARGV[1] .. 'job:' .. ARGV[i]
  if redis.call('EXISTS', job) == 1 then
    redis.call('HSETNX', job, 'confirmed', ARGV[2])
  end
end
