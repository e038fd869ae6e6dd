-- Returns the fields of the record, in the order in which `load` reads them.
local function stored()
    return redis.call(
        'HMGET', KEYS[1], 'dead', 'version', 'expires', 'created', 'seen', 'owner', 'label', 'body'
    )
end

