-- Reserves a cashbox unless another live pod holds it. Answers {what, record, epoch, era}; the record is that of the
-- holder, or of the pod that confirmed the last epoch and must be asked ('' when there is none).
-- KEYS: box, live of the asker, era   ARGV: asker, channel
if redis.call('EXISTS', KEYS[2]) == 0 then
  return {'asker-unknown', '', '0', '0'}
end
local function record(incarnation)
  return redis.call('HGET', ARGV[2] .. ':pod:' .. incarnation, 'record') or ''
end
local box = redis.call('HMGET', KEYS[1], 'holder', 'confirmed_by', 'epoch')
local holder, confirmed_by, epoch = box[1], box[2], box[3] or '0'
if holder and holder ~= ARGV[1] and redis.call('EXISTS', ARGV[2] .. ':live:' .. holder) == 1 then
  local held = record(holder)
  if held ~= '' then
    return {'held', held, epoch, '0'}
  end
end
redis.call('HSET', KEYS[1], 'holder', ARGV[1])
-- An asker that lives has renewed its record, and with it the era is there.
local era = redis.call('GET', KEYS[3]) or '0'
if confirmed_by and confirmed_by ~= ARGV[1] then
  return {'abandoned', record(confirmed_by), epoch, era}
end
return {'reserved', '', epoch, era}
