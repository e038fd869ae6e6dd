-- Returns the next number in the order of logins: this server's clock in microseconds, and more than the number that the
-- record had before.
local function next_order(before)
    local time = redis.call('TIME')
    local order = time[1] * 1000000 + time[2]
    if before and order <= tonumber(before) then
        order = tonumber(before) + 1
    end
    return string.format('%.0f', order)
end

