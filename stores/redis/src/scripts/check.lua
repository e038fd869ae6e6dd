-- Which commands of the other scripts this user may not run: each is tried, under a key that is gone afterwards. An error
-- where this is a replica.
local refused = {}
local replica
local function try(...)
    local answer = redis.pcall(...)
    local message = type(answer) == 'table' and answer.err or ''
    -- The first is how Redis 7.0 says it.
    if message:find('The user executing the script', 1, true) or message:find('NOPERM', 1, true) then
        table.insert(refused, (...))
    elseif message:find('READONLY', 1, true) then
        replica = answer
    end
end
try('HSET', KEYS[1], 'dead', '1')
try('PEXPIRE', KEYS[1], '1000')
try('PTTL', KEYS[1])
try('EXISTS', KEYS[1])
try('HGET', KEYS[1], 'dead')
try('HMGET', KEYS[1], 'dead')
try('DEL', KEYS[1])
try('TIME')
try('ZADD', KEYS[1], 'GT', '1', 'check')
redis.pcall('PEXPIRE', KEYS[1], '1000')
try('ZREMRANGEBYSCORE', KEYS[1], '-inf', '+inf')
return replica or refused
