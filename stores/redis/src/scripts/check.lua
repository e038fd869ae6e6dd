-- Returns the commands of the other scripts that this user may not run. Each is tried on a key that is deleted at the end or
-- expires within a second. Returns the error of a replica if this server is one.
local refused = {}
local replica
local function try(...)
    local reply = redis.pcall(...)
    local message = type(reply) == 'table' and reply.err or ''
    -- The first text is that of Redis 7.0.
    if message:find('The user executing the script', 1, true) or message:find('NOPERM', 1, true) then
        table.insert(refused, (...))
    elseif message:find('READONLY', 1, true) then
        replica = reply
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
