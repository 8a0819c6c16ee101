-- The era of this Redis, or nothing before the first record of a pod.
-- KEYS: era
return redis.call('GET', KEYS[1])
