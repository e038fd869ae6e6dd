-- Replaces a record by a tombstone: returns 1, or 0 if there is no such record.
-- Arguments: 1 native lifetime of the tombstone, 2 its end; optional conditions: 3 the owner, 4 the number in the order
local record = redis.call('HMGET', KEYS[1], 'version', 'owner', 'order')
local version, owner, order = record[1], record[2], record[3]
if not version or (ARGV[3] and ARGV[3] ~= owner) or (ARGV[4] and ARGV[4] ~= order) then
    return 0
end
-- DEL comes first. It needs no memory, so a full server runs it, and a server that has begun to write runs the rest of the
-- script even if it is full.
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'dead', '1', 'expires', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
