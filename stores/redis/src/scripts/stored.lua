-- What lies under the key, as `load` reads it.
local function stored()
    return redis.call(
        'HMGET', KEYS[1], 'dead', 'version', 'expires', 'created', 'seen', 'owner', 'label', 'body'
    )
end

