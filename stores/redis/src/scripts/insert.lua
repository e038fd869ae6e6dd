-- Creates a record if its key is free: returns 1, or the record or tombstone that has the key.
-- Arguments: 1 native lifetime; 2 version, 3 expires, 4 created, 5 seen, 6 owner, 7 label, 8 body
if redis.call('EXISTS', KEYS[1]) == 1 then
    return stored()
end
redis.call(
    'HSET', KEYS[1], 'version', ARGV[2], 'expires', ARGV[3], 'created', ARGV[4], 'seen', ARGV[5],
    'owner', ARGV[6], 'label', ARGV[7], 'body', ARGV[8], 'order', next_order()
)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
