-- Adds a record to the sorted set of its user, and removes the entries that have expired.
-- Arguments: 1 record, 2 until when the entry is needed, 3 entries that end before this go, 4 native lifetime of the set
-- ZADD is the first write: a full server refuses it, and then nothing has changed.
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[3])
-- A new set has no expiry, which PEXPIRE .. GT takes for an infinite one.
if redis.call('PTTL', KEYS[1]) < 0 then
    redis.call('PEXPIRE', KEYS[1], ARGV[4])
else
    redis.call('PEXPIRE', KEYS[1], ARGV[4], 'GT')
end
return 1
