-- 1 native lifetime, 2 expires, 3 now
local there = redis.call('HMGET', KEYS[1], 'version', 'expires', 'seen')
local version, expires, seen = there[1], there[2], there[3]
if not version or expires <= ARGV[3] then
    return 0
end
if expires < ARGV[2] then
    expires = ARGV[2]
end
if seen < ARGV[3] then
    seen = ARGV[3]
end
-- First: it needs no room, and a script that has written goes on where there is none.
redis.call('PEXPIRE', KEYS[1], ARGV[1], 'GT')
redis.call('HSET', KEYS[1], 'expires', expires, 'seen', seen)
return 1
