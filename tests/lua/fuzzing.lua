--- What the targets of tests/fuzz share: a reader may refuse an input in its own words, and nothing else may happen.
local torch = require 'torch'
local ffi = require 'ffi'

local fuzzing = {}

-- Reads the first and the last element that a tensor views, and gives another tensor of the same memory other sizes, as
-- nets do with their buffers. The first element has to be a number, of whatever bits it is.
local function touch_tensor(t)
  local other = t.new():set(t)
  if pcall(other.resize, other, 100) then other:fill(1) end -- not where memory is mapped, or others'
  if t:nElement() == 0 then return end
  local kind = type(t:storage()[t:storageOffset()])
  if kind ~= 'number' then error('an element is a ' .. kind, 0) end
  local last = t:storageOffset()
  for i = 1, t:dim() do last = last + (t:size(i) - 1) * t:stride(i) end
  local bytes = ffi.cast('volatile uint8_t *', t:storage():data())
  local width = t:elementSize()
  return bytes[(t:storageOffset() - 1) * width] + bytes[last * width - 1]
end

-- Looks at a result without recursion, and at no more of it than the first thousand tables.
local function touch(value)
  local queue, seen, i = {value}, {}, 1
  while queue[i] ~= nil and i < 1000 do
    local v = queue[i]
    if torch.isTensor(v) then touch_tensor(v) end
    if type(v) == 'table' and not seen[v] then
      seen[v] = true
      for _, inner in next, v do queue[#queue + 1] = inner end
    end
    i = i + 1
  end
end

--- Calls read(…), which may raise errors that begin, after the line, with one of the words in what (a list): others
-- are raised again.
function fuzzing.try(what, read, ...)
  local ok, result = pcall(read, ...)
  if ok then return touch(result) end
  local message = tostring(result):gsub('^[^:]*:%d+: ', '', 1)
  for _, word in ipairs(what) do
    if message:sub(1, #word + 1) == word .. ':' then return end
  end
  error(result, 0)
end

--- A target that gives inputs to read(bytes).
function fuzzing.reader(what, read)
  return function(bytes) fuzzing.try({what}, read, bytes) end
end

--- A target that gives inputs to read(path), in a file that is in memory where the system has such a place.
function fuzzing.file_reader(what, read)
  local path = fuzzing.temporary_path()
  return function(bytes)
    local file = assert(io.open(path, 'wb'))
    file:write(bytes)
    file:close()
    fuzzing.try({what}, read, path)
    os.remove(path)
  end
end

--- A path for a file, of this process alone.
function fuzzing.temporary_path()
  local path = os.tmpname()
  os.remove(path)
  local shm = io.open('/dev/shm' .. path:match('/[^/]*$'), 'w')
  if not shm then return path end
  shm:close()
  return '/dev/shm' .. path:match('/[^/]*$')
end

return fuzzing
