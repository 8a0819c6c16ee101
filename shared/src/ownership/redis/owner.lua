-- The record and epoch of a cashbox's live holder, or nothing.
-- KEYS: box   ARGV: channel
local box = redis.call('HMGET', KEYS[1], 'holder', 'epoch')
if not box[1] or redis.call('EXISTS', ARGV[1] .. ':live:' .. box[1]) == 0 then
  return nil
end
local record = redis.call('HGET', ARGV[1] .. ':pod:' .. box[1], 'record')
if not record then
  return nil
end
return {record, box[2] or '0'}
