--- Files for tests: temporary ones, and tensors that are compared with what another program says of them.
local t = require 'harness'

local files = {}

--- A new file with these bytes; it is to be removed.
function files.temporary(content)
  local path = os.tmpname()
  local file = assert(io.open(path, 'wb'))
  file:write(content or '')
  file:close()
  return path
end

--- The bytes of a file.
function files.content(path)
  local file = assert(io.open(path, 'rb'))
  local text = file:read('*a')
  file:close()
  return text
end

--- The tensor has the type, the sizes and the values (row by row) of a row {type=, sizes=, values=}.
function files.same_tensor(tensor, row, what)
  local torch = require 'torch'
  t.eq(torch.type(tensor), row.type, what)
  t.eq(tensor:size():totable(), row.sizes, what)
  local got = {}
  tensor:double():apply(function(x) got[#got + 1] = x end)
  -- as the tensor's own type holds them
  t.eq(got, torch.Tensor(row.values):type(row.type):double():totable(), what)
end

--- The folder beside the test with what other programs wrote, and the table of what is in it.
function files.formats()
  local folder = debug.getinfo(2, 'S').source:match('^@(.*/)') .. 'expected/formats/'
  return folder, dofile(folder .. 'expected.lua')
end

return files
