-- 1 native lifetime of the tombstone, 2 its end; only if it has 3 this owner, 4 this place in the order
local there = redis.call('HMGET', KEYS[1], 'version', 'owner', 'order')
local version, owner, order = there[1], there[2], there[3]
if not version or (ARGV[3] and ARGV[3] ~= owner) or (ARGV[4] and ARGV[4] ~= order) then
    return 0
end
-- First: it needs no room, and a script that has written goes on where there is none.
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'dead', '1', 'expires', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
