-- The next number of the store's order: this server's clock in microseconds, but later than the record's own number before.
local function next_order(before)
    local time = redis.call('TIME')
    local order = time[1] * 1000000 + time[2]
    if before and order <= tonumber(before) then
        order = tonumber(before) + 1
    end
    return string.format('%.0f', order)
end

