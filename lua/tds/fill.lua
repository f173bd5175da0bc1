--- Lua tables made into tables outside of Lua's heap: those with number keys alone into vectors, others into hashes.
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'tds.handle'

local fill = {}

local deepest = 200 -- a table that holds itself has no end

function fill.is_vector(values)
  for key in pairs(values) do
    if type(key) ~= 'number' then return false end
  end
  return true
end

local function converted(value, depth)
  if type(value) ~= 'table' or getmetatable(value) ~= nil then return value end
  if depth == deepest then errors.fail('tds: the table is nested deeper than %d levels', deepest) end
  return fill.from(handle.new(fill.is_vector(value) and C.MT_VEC or C.MT_HASH), value, depth + 1)
end

--- Puts the entries of a Lua table, and of the tables in it, into a hash or vector.
function fill.from(target, values, depth)
  depth = depth or 1
  for key, value in pairs(values) do target[converted(key, depth)] = converted(value, depth) end
  return target
end

return fill
