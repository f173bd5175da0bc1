--- One row, or more, for each class of modules: how to make one, and an input for it. The tests in test_rows_*.lua run
-- over all of them; a class without a row fails the suite. A row is
--   [1]       a function that makes the module
--   [2]       the sizes of the input; or a function of x that gives the input, where x(sizes…) is the next wave
--   shift     is added to the waves
--   random    what the module draws is seeded before it runs; there are no stored values
--   prints    the module prints
--   bent      why its gradient is not the slope of its output
--   number    why the output is no tensor, and the row is left out where one is needed
--   alone     why there are no stored values
--   stays     why it does not follow when the net's type changes
--   drops     what it leaves to the collector at each step
--   text      its print-out
-- The name of a row is the class's, and more behind a comma.
local torch = require 'torch'
require 'nn'

local rows = {list = {}}

for _, file in ipairs {'elements', 'shapes', 'tables', 'parameters', 'spatial', 'sequences'} do
  for name, row in pairs(require('nn.rows.' .. file)) do
    row.name, row.class = name, name:match('^[^,]+')
    rows.list[#rows.list + 1] = row
  end
end
table.sort(rows.list, function(a, b) return a.name < b.name end)

--- Element i (from 0) of the k-th wave is 1.3 sin(0.7 i + k) + shift, as in expected/modules.py.
function rows.wave(k, shift, ...)
  local x = torch.Tensor(...)
  local flat = x:view(x:nElement())
  for i = 0, flat:size(1) - 1 do flat[i + 1] = 1.3 * math.sin(0.7 * i + k) + shift end
  return x
end

--- The row's module and its input, for which the waves 1, 2, … are used; and how many that were.
function rows.make(row)
  torch.manualSeed(1)
  local module, n = row[1](), 0
  local function x(...)
    n = n + 1
    return rows.wave(n, row.shift or 0, ...)
  end
  local input = type(row[2]) == 'function' and row[2](x) or x(unpack(row[2]))
  return module, input, n
end

--- The tensors of a nested table that have a gradient.
function rows.tensors(x, list)
  list = list or {}
  if torch.isTensor(x) then
    if x:type() == 'torch.DoubleTensor' or x:type() == 'torch.FloatTensor' then list[#list + 1] = x end
  elseif type(x) == 'table' then
    for i = 1, #x do rows.tensors(x[i], list) end
  end
  return list
end

--- x with each tensor replaced by f(tensor); named fields stay.
function rows.map(x, f)
  if torch.isTensor(x) then return f(x) end
  if type(x) ~= 'table' then return x end
  local out = {}
  for k, v in pairs(x) do out[k] = type(k) == 'number' and rows.map(v, f) or v end
  return out
end

--- f(…) without what it prints.
function rows.quietly(row, f, ...)
  local print = _G.print
  if row.prints then rawset(_G, 'print', function() end) end
  local function finish(ok, ...)
    rawset(_G, 'print', print)
    if not ok then error((...), 0) end
    return ...
  end
  return finish(pcall(f, ...))
end

--- module:forward(input), seeded where the row asks for it.
function rows.forward(row, module, input)
  if row.random then torch.manualSeed(11) end
  return module:forward(input)
end

return rows
