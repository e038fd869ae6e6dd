-- Replaces a live record of the expected version: returns 1, 0 if there is no live record, or the record of another version.
-- Arguments: 1 native lifetime; 2 version, 3 expires, 4 created, 5 seen, 6 owner, 7 label, 8 body; 9 the expected version, 10 now
-- Times have 20 digits, so that they compare as text: Lua's numbers have 53 bits.
local record = redis.call('HMGET', KEYS[1], 'version', 'expires', 'owner', 'order')
local version, expires, owner, order = record[1], record[2], record[3], record[4]
if not version or expires <= ARGV[10] then
    return 0
end
if version ~= ARGV[9] then
    return stored()
end
if owner ~= ARGV[6] then
    order = next_order(order)
end
if expires < ARGV[3] then
    expires = ARGV[3]
end
-- HSET is the first write: a full server refuses it, and then nothing has changed.
redis.call(
    'HSET', KEYS[1], 'version', ARGV[2], 'expires', expires, 'created', ARGV[4], 'seen', ARGV[5],
    'owner', ARGV[6], 'label', ARGV[7], 'body', ARGV[8], 'order', order
)
redis.call('PEXPIRE', KEYS[1], ARGV[1], 'GT')
return 1
