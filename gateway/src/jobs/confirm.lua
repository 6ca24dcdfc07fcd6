#!lua flags=allow-oom
-- Marks jobs as confirmed: the broker has their features. Skips jobs that have expired.
--
-- ARGV     the time in ms, then the ids

for i = 2, #ARGV do
  local job = 'job:' .. ARGV[i]
  if redis.call('EXISTS', job) == 1 then
    redis.call('HSETNX', job, 'confirmed', ARGV[1])
  end
end
