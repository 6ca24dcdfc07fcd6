-- Writes new jobs, all or none. Jobs that exist already stay as they are.
--
-- KEYS[1]  where the Idempotency-Key is kept, or an empty text
-- ARGV     the beginning of all keys, seconds that a job is kept, seconds that its id is remembered, the
--          time in ms, a digest of the whole request, the id of the model that is asked and its data set, or
--          two empty texts, then for each job its id, a digest of its row, and its warnings, if any
-- Returns  the outcome, and for each job its id, when it was written, when the broker confirmed it, or an
--          empty text, and its warnings

local key, prefix, ttl, memory, now, digest, asked, dataset = KEYS[1], unpack(ARGV, 1, 7)
local ids, rows, warnings = {}, {}, {}
for i = 8, #ARGV, 3 do
  ids[#ids + 1], rows[#rows + 1], warnings[#warnings + 1] = ARGV[i], ARGV[i + 1], ARGV[i + 2]
end

local repeated = false
if key ~= '' and redis.call('EXISTS', key) == 1 then
  if redis.call('LINDEX', key, 0) ~= digest then
    return {'other content', ''}
  end
  ids, repeated = redis.call('LRANGE', key, 1, -1), true
end

for i, id in ipairs(ids) do
  local known = redis.call('HGET', prefix .. 'job:' .. id, 'row')
  if known and not repeated and known ~= rows[i] then
    return {'other content', id}
  elseif not known and (repeated or redis.call('EXISTS', prefix .. 'seen:' .. id) == 1) then
    return {'expired', id}
  end
end

local found = {'written'}
for i, id in ipairs(ids) do
  local job = prefix .. 'job:' .. id
  if not repeated and redis.call('HSETNX', job, 'row', rows[i]) == 1 then
    redis.call('HSET', job, 'created', now)
    if warnings[i] ~= '' then
      redis.call('HSET', job, 'warnings', warnings[i])
    end
    if asked ~= '' then
      redis.call('HSET', job, 'asked', asked, 'dataset', dataset)
    end
    redis.call('EXPIRE', job, ttl)
    redis.call('SET', prefix .. 'seen:' .. id, dataset, 'EX', memory)
  end
  local noted = redis.call('HMGET', job, 'created', 'confirmed', 'warnings')
  found[#found + 1], found[#found + 2] = id, noted[1]
  found[#found + 1], found[#found + 2] = noted[2] or '', noted[3] or ''
end
if key ~= '' and not repeated then
  redis.call('RPUSH', key, digest, unpack(ids))
  redis.call('EXPIRE', key, ttl)
end
return found
