-- Replaces a record of this version by a tombstone: returns 1, 0 if there is no record, or the record of another version.
-- Arguments: 1 native lifetime of the tombstone, 2 its end, 3 the version
local version = redis.call('HGET', KEYS[1], 'version')
if not version then
    return 0
end
if version ~= ARGV[3] then
    return stored()
end
-- DEL comes first. It needs no memory, so a full server runs it, and a server that has begun to write runs the rest of the
-- script even if it is full.
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'dead', '1', 'expires', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
