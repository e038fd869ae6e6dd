-- 1 record, 2 how long the note is needed, 3 which notes end before, 4 native lifetime
-- First of all writes: where there is no room, this one is refused and nothing was changed.
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[3])
-- A new set has no expiry, which counts as the latest.
if redis.call('PTTL', KEYS[1]) < 0 then
    redis.call('PEXPIRE', KEYS[1], ARGV[4])
else
    redis.call('PEXPIRE', KEYS[1], ARGV[4], 'GT')
end
return 1
