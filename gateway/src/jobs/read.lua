#!lua flags=no-writes
-- Reads jobs.
--
-- ARGV     the beginning of all keys, then their ids
-- Returns  for each id nine fields of its job, and its label; nil for a field that is not there

local prefix, found = ARGV[1], {}
for i = 2, #ARGV do
  local id = ARGV[i]
  local fields = redis.call(
    'HMGET', prefix .. 'job:' .. id,
    'created', 'confirmed', 'completed', 'prediction', 'reason',
    'model', 'warnings', 'asked', 'dataset'
  )
  for j = 1, 9 do
    found[#found + 1] = fields[j]
  end
  found[#found + 1] = redis.call('GET', prefix .. 'label:' .. id)
end
return found
