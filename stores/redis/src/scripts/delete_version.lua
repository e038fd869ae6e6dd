-- 1 native lifetime of the tombstone, 2 its end; only if it has 3 this version
local version = redis.call('HGET', KEYS[1], 'version')
if not version then
    return 0
end
if version ~= ARGV[3] then
    return stored()
end
-- First: it needs no room, and a script that has written goes on where there is none.
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'dead', '1', 'expires', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
