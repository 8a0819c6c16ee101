-- Records a claimed epoch and announces it. Answers nothing, or the higher epoch that is on record.
-- Numbers of Lua are exact up to 2^53: claims of a queue for longer than anybody counts.
-- KEYS: box, live of the owner, pod of the owner   ARGV: owner, epoch, channel, cashbox
local box = redis.call('HMGET', KEYS[1], 'confirmed_by', 'epoch')
local known = tonumber(box[2] or '0')
local claimed = tonumber(ARGV[2])
if claimed < known or (claimed == known and box[1] ~= ARGV[1]) then
  return box[2] or '0'
end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'confirmed_by', ARGV[1], 'epoch', ARGV[2])
local record = redis.call('HGET', KEYS[3], 'record')
if record and redis.call('EXISTS', KEYS[2]) == 1 then
  redis.call('PUBLISH', ARGV[3],
    '{"owned":{"cashbox":"' .. ARGV[4] .. '","epoch":' .. ARGV[2] .. ',"pod":' .. record .. '}}')
end
return nil
