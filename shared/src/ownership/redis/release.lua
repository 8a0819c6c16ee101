-- Gives a cashbox up, if the pod holds it: a reservation (epoch '') or the ownership under the epoch.
-- KEYS: box   ARGV: pod, epoch, channel, cashbox
local box = redis.call('HMGET', KEYS[1], 'holder', 'confirmed_by', 'epoch')
if box[1] ~= ARGV[1] then
  return
end
if ARGV[2] == '' then
  if box[2] ~= ARGV[1] then
    redis.call('HDEL', KEYS[1], 'holder')
  end
elseif box[2] == ARGV[1] and box[3] == ARGV[2] then
  redis.call('HDEL', KEYS[1], 'holder', 'confirmed_by')
  redis.call('PUBLISH', ARGV[3], '{"released":{"cashbox":"' .. ARGV[4] .. '","epoch":' .. ARGV[2] .. '}}')
end
