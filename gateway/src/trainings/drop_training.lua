#!lua flags=allow-oom
-- Removes a training whose task did not reach the broker, unless another request brought it there.
--
-- KEYS[1]  its record
-- KEYS[2]  where it is remembered that there was such a job

if redis.call('HEXISTS', KEYS[1], 'confirmed_at') == 0 then
  redis.call('DEL', KEYS[1], KEYS[2])
end
