-- Removes a pod's record, and with it the validity of what it holds.
-- KEYS: live, pod, pods   ARGV: incarnation, channel, message
redis.call('SREM', KEYS[3], ARGV[1])
if redis.call('DEL', KEYS[1], KEYS[2]) > 0 then
  redis.call('PUBLISH', ARGV[2], ARGV[3])
end
