-- Writes or extends a pod's record. Answers 1 when its lease had not run out, else 0.
-- KEYS: live, pod, pods, era
-- ARGV: incarnation, record, record without load, lease ms, keep ms, channel, message, the era if this begins one
local lived = redis.call('EXISTS', KEYS[1])
local said = redis.call('HGET', KEYS[2], 'without_load')
redis.call('SET', KEYS[1], '', 'PX', ARGV[4])
redis.call('HSET', KEYS[2], 'record', ARGV[2], 'without_load', ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
redis.call('SADD', KEYS[3], ARGV[1])
redis.call('SETNX', KEYS[4], ARGV[8])
if lived == 0 or said ~= ARGV[3] then
  redis.call('PUBLISH', ARGV[6], ARGV[7])
end
return lived
