-- libhdf5's own reading of damaged files is not ours to mend, so an input is a program of calls, one a line: they write
-- and read a file, and may only do so or be refused.
--   w PATH TYPE SIZES [CHUNKS [LEVEL]]    a PATH SIZES    r PATH    p PATH RANGES    l    g NAME    o MODE    s
local torch = require 'torch'
local hdf5 = require 'hdf5'
local fuzzing = require 'fuzzing'

local words = {'hdf5', 'hdf5.open', 'read', 'write', 'append', 'partial', 'all', 'createChild', 'getOrCreateChild',
               'setChunked', 'setDeflate'}
local path = fuzzing.temporary_path()
local file

local function numbers(text, most)
  local list = {}
  for word in (text or ''):gmatch('[^,]+') do
    local n = tonumber(word) or 0
    list[#list + 1] = most and math.max(0, math.min(math.floor(n == n and n or 0), most)) or n
    if #list == 6 then break end
  end
  return list
end

local kinds = {b = 'Byte', c = 'Char', s = 'Short', i = 'Int', l = 'Long', f = 'Float', d = 'Double', h = 'Half',
               n = 'BFloat16'}

local function tensor(kind, sizes)
  local list = numbers(sizes, 5)
  local make = torch[(kinds[kind] or 'Float') .. 'Tensor']
  return #list == 0 and make() or make(unpack(list)):fill(1)
end

local function options(chunks, level)
  if not chunks then return nil end
  local out = hdf5.DataSetOptions():setChunked(unpack(numbers(chunks)))
  return level and out:setDeflate(tonumber(level)) or out
end

local calls = {
  w = function(p, kind, sizes, chunks, level) file:write(p, tensor(kind, sizes), options(chunks, level)) end,
  t = function(p, q, kind, sizes) file:write(p, {[q] = tensor(kind, sizes), x = {y = tensor(kind, sizes)}}) end,
  a = function(p, sizes) file:append(p, tensor('f', sizes)) end,
  r = function(p) return file:read(p):all() end,
  p = function(p, ranges)
    local list = {}
    for a, b in ranges:gmatch('([^,:]*):?([^,]*)') do list[#list + 1] = {tonumber(a), tonumber(b) or tonumber(a)} end
    local set = file:read(p)
    return set.partial and set:partial(unpack(list, 1, 8))
  end,
  l = function() return file:all() end,
  g = function(p) return file:read():getOrCreateChild(p) end,
  o = function(mode)
    file:close()
    file = hdf5.open(path, mode)
  end,
  s = function() file = torch.deserialize(torch.serialize(file)) end,
}

local function run(line)
  local list = {}
  for word in line:gmatch('[^ ]+') do list[#list + 1] = word end
  local call = calls[list[1]]
  if call and list[2] or list[1] == 'l' or list[1] == 's' then
    for i = 2, 4 do list[i] = list[i] or '' end
    fuzzing.try(words, call, unpack(list, 2, 6))
  end
end

return function(bytes)
  file = hdf5.open(path, 'w')
  local count = 0
  for line in bytes:gmatch('[^\n]+') do
    run(line)
    count = count + 1
    if count == 50 then break end
  end
  file:close()
  os.remove(path)
end
