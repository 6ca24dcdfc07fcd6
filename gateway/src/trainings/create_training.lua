-- Writes a new training. One that exists already stays as it is.
--
-- KEYS[1]  its record, see pipeline.training.record_key()
-- KEYS[2]  where it is remembered that there was such a job
-- ARGV     the request, the time, seconds that the record is kept, seconds that its id is remembered,
--          the warnings
-- Returns  the stored request, and when the broker confirmed the task, or an empty text;
--          nothing for a training whose record has expired

if redis.call('EXISTS', KEYS[1]) == 0 then
  if redis.call('EXISTS', KEYS[2]) == 1 then
    return {}
  end
  redis.call('HSET', KEYS[1], 'request', ARGV[1], 'created_at', ARGV[2], 'warnings', ARGV[5])
  redis.call('EXPIRE', KEYS[1], ARGV[3])
  redis.call('SET', KEYS[2], '', 'EX', ARGV[4])
end
return {redis.call('HGET', KEYS[1], 'request'), redis.call('HGET', KEYS[1], 'confirmed_at') or ''}
