-- The records of all pods whose lease runs. Incarnations whose record has ended are forgotten on the way.
-- KEYS: pods   ARGV: channel
local live = {}
for _, incarnation in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local record = redis.call('HGET', ARGV[1] .. ':pod:' .. incarnation, 'record')
  if not record then
    redis.call('SREM', KEYS[1], incarnation)
  elseif redis.call('EXISTS', ARGV[1] .. ':live:' .. incarnation) == 1 then
    live[#live + 1] = record
  end
end
return live
