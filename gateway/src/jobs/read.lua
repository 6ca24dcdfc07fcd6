#!lua flags=no-writes
-- Reads jobs.
--
-- ARGV     their ids
-- Returns  for each id seven fields of its job, and its label; nil for a field that is not there

local found = {}
for i, id in ipairs(ARGV) do
  local fields = redis.call(
    'HMGET', 'job:' .. id, 'created', 'confirmed', 'completed', 'prediction', 'reason', 'model', 'warnings'
  )
  for j = 1, 7 do
    found[#found + 1] = fields[j]
  end
  found[#found + 1] = redis.call('GET', 'label:' .. id)
end
return found
