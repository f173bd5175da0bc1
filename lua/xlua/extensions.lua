--- What xlua adds to Lua's own tables string and table.
local errors = require 'torch.errors'
local sys = require 'sys'

-- luacheck: ignore 142

--- table.splice(t[, start[, length]]): two lists, t without length items (1) from start (1) on, and those items
function table.splice(t, start, length)
  start, length = start or 1, length or 1
  local rest, taken = {}, {}
  for i, item in ipairs(t) do
    local to = i >= start and i < start + length and taken or rest
    to[#to + 1] = item
  end
  return rest, taken
end

--- table.prune(t[, key[, merge]]): a list of the items of t, one for each value of key(item), by default the item
-- itself; merge(item, before) says what becomes of two with one key, by default the later one stays
function table.prune(t, key, merge)
  local place, out = {}, {}
  for _, item in ipairs(t) do
    local k = item
    if key then k = key(item) end
    if not place[k] then
      place[k] = #out + 1
      out[place[k]] = item
    else
      out[place[k]] = merge and merge(item, out[place[k]]) or item
    end
  end
  return out
end

--- string.split(text, pattern): see sys.split
string.split = sys.split

--- string.tosymbol(text): what an expression is: string.tosymbol('nn.Linear') is nn.Linear
function string.tosymbol(text)
  local read, reason = loadstring('return ' .. text)
  local ok, value = pcall(read or error, reason)
  if not ok then errors.fail('tosymbol: %s', tostring(value)) end
  if not value then errors.fail('tosymbol: there is no %s', text) end
  return value
end
