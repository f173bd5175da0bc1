--- What tests of HDF5 files need: a folder for a while, and comparing what is in tables of tensors.
local paths = require 'paths'
local torch = require 'torch'

local testutils = {}

--- Calls f with the path of a new folder, which is removed with what is in it afterwards.
function testutils.withTmpDir(f)
  local folder = paths.tmpname()
  paths.rmall(folder, 'yes')
  paths.mkdir(folder)
  local ok, message = pcall(f, folder)
  paths.rmall(folder, 'yes')
  if not ok then error(message, 0) end
end

local function differ(reason, a, b) return false, reason, a, b end

--- deepAlmostEq(a, b, epsilon): whether tables have the same keys, and the absolute differences of their tensors'
-- elements sum up to no more than epsilon; else also why not, and the two values.
function testutils.deepAlmostEq(a, b, epsilon)
  if torch.type(a) ~= torch.type(b) then return differ('type mismatch', a, b) end
  if torch.isTensor(a) then
    local gap = a:isSameSizeAs(b) and (a:double() - b:double()):abs():sum() or math.huge
    if gap > epsilon then return differ(('tensor values differ by %g > %g'):format(gap, epsilon), a, b) end
  elseif type(a) == 'table' then
    for key in pairs(b) do
      if a[key] == nil then return differ('mismatching table keys', a, b) end
    end
    for key, value in pairs(a) do
      if b[key] == nil then return differ('mismatching table keys', a, b) end
      local ok, reason, x, y = testutils.deepAlmostEq(value, b[key], epsilon)
      if not ok then return ok, reason, x, y end
    end
  end
  return true
end

return testutils
