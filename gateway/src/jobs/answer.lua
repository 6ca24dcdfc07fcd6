#!lua flags=allow-oom
-- Ends jobs with their answers. The first answer counts: a second prediction of the same row, after a model
-- was killed, can differ in its last digits. An answer to an expired job is dropped.
-- There is one exception: if `metric` refuses the very prediction that the job has, because its id was used
-- before, the job fails. It has no row, and comparing it with the label of the other row would be wrong.
-- A job that asked a model by its id fails if another one has answered.
--
-- ARGV     the beginning of all keys, the channel that announces ended jobs, the time in ms, then for each
--          job: its id, `prediction` or `reason`, the value of that field, and the model's id or the refused
--          prediction
-- Notes for each model when it last answered, in `answered:ID`, for a month: GET /models tells it.
-- Runs even when Redis is full: what was accepted is answered.
-- Returns  the numbers of answers kept, repeated and dropped

local kept, repeated, dropped = {}, 0, 0
local answered = {}
local prefix, channel, now = ARGV[1], ARGV[2], ARGV[3]
for i = 4, #ARGV, 4 do
  local id, field, value, more = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local job = prefix .. 'job:' .. id
  local asked = redis.call('HGET', job, 'asked')
  if asked and field == 'prediction' and asked ~= more then
    field, value = 'reason', 'another model has answered: ' .. more
  end
  if redis.call('EXISTS', job) == 0 then
    dropped = dropped + 1
  elseif field == 'reason' and redis.call('HGET', job, 'prediction') == more then
    redis.call('HDEL', job, 'prediction', 'model')
    redis.call('HSET', job, field, value, 'completed', now)
    kept[#kept + 1] = id
  elseif redis.call('HSETNX', job, 'completed', now) == 0 then
    repeated = repeated + 1
  else
    redis.call('HSETNX', job, 'confirmed', now)  -- or there were nothing to answer
    redis.call('HSET', job, field, value)
    if field == 'prediction' then
      redis.call('HSET', job, 'model', more)
      answered[more] = true
    end
    kept[#kept + 1] = id
  end
end
answered[''] = nil  -- the answer did not say which model
for model_id in pairs(answered) do
  redis.call('SET', prefix .. 'answered:' .. model_id, now, 'EX', 2592000)
end
if #kept > 0 then
  redis.call('PUBLISH', channel, table.concat(kept, '\n'))
end
return {#kept, repeated, dropped}
