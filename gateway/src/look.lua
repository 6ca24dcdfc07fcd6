#!lua flags=allow-oom
-- Tells how jobs are, and before that, if asked to, notes that the broker has their features.
--
-- ARGV     the time in ms to note, or an empty text; then the ids
-- Returns  for each id six fields of its job, and its label; nothing in the place of what is not there

local found = {}
for i = 2, #ARGV do
  local job = 'job:' .. ARGV[i]
  if ARGV[1] ~= '' and redis.call('EXISTS', job) == 1 then
    redis.call('HSETNX', job, 'confirmed', ARGV[1])
  end
  local fields = redis.call(
    'HMGET', job, 'created', 'confirmed', 'completed', 'prediction', 'reason', 'model'
  )
  for j = 1, 6 do
    found[#found + 1] = fields[j]
  end
  found[#found + 1] = redis.call('GET', 'label:' .. ARGV[i])
end
return found
