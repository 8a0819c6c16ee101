-- Hands a cashbox from the pod that holds it under the epoch to a live successor, which has it reserved then.
-- Answers what came of it; asked again, it answers the same.
-- KEYS: box, live of the successor, pod of the successor   ARGV: owner, epoch, successor, channel, cashbox
local box = redis.call('HMGET', KEYS[1], 'holder', 'confirmed_by', 'epoch')
local holder, confirmed_by, epoch = box[1], box[2], box[3]
local owned = holder == ARGV[1] and confirmed_by == ARGV[1] and epoch == ARGV[2]
local passed = holder == ARGV[3] and not confirmed_by and (epoch or '0') == ARGV[2]
if ARGV[1] == ARGV[3] or not (owned or passed) then
  return 'not-owner'
end
local record = redis.call('HGET', KEYS[3], 'record')
if not record or redis.call('EXISTS', KEYS[2]) == 0 then
  return 'successor-gone'
end
redis.call('HSET', KEYS[1], 'holder', ARGV[3])
redis.call('HDEL', KEYS[1], 'confirmed_by')
redis.call('PUBLISH', ARGV[4],
  '{"owned":{"cashbox":"' .. ARGV[5] .. '","epoch":' .. ARGV[2] .. ',"pod":' .. record .. '}}')
return 'passed'
