-- Extends a live record: returns 1, or 0 if there is none.
-- Arguments: 1 native lifetime, 2 expires, 3 now
local record = redis.call('HMGET', KEYS[1], 'version', 'expires', 'seen')
local version, expires, seen = record[1], record[2], record[3]
if not version or expires <= ARGV[3] then
    return 0
end
if expires < ARGV[2] then
    expires = ARGV[2]
end
if seen < ARGV[3] then
    seen = ARGV[3]
end
-- PEXPIRE comes first. It needs no memory, so a full server runs it, and a server that has begun to write runs the rest of
-- the script even if it is full.
redis.call('PEXPIRE', KEYS[1], ARGV[1], 'GT')
redis.call('HSET', KEYS[1], 'expires', expires, 'seen', seen)
return 1
