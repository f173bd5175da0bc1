--- Every row of nn/rows.lua: saved, loaded and cloned modules, other types, and memory that stays.
local t = require 'harness'
local torch = require 'torch'
require 'nn'
local rows = require 'nn.rows'

torch.setdefaulttensortype('torch.DoubleTensor')

-- The tensors of the output and of gradInput, and the parameters' gradients, as copies.
local function run(row, module, input)
  local found = {}
  local function keep(list)
    for _, x in ipairs(list) do found[#found + 1] = x:clone() end
  end
  local out = rows.quietly(row, rows.forward, row, module, input)
  keep(rows.tensors(out))
  module:zeroGradParameters()
  local g = row.number and torch.ones(1) or rows.map(out, function(y) return y:clone():fill(0.5) end)
  keep(rows.tensors(rows.quietly(row, module.backward, module, input, g)))
  keep(select(2, module:parameters()) or {})
  return found
end

local function check_same(got, want, tolerance)
  t.eq(#got, #want)
  for i, x in ipairs(want) do
    t.eq(got[i]:size():totable(), x:size():totable())
    t.near((got[i]:double() - x:double()):abs():max(), 0, tolerance or 0)
  end
end

for _, row in ipairs(rows.list) do
  t.test(row.name .. ': saved and loaded, it does the same', function()
    local module, input = rows.make(row)
    local want, path = run(row, module, input), os.tmpname()
    for _, format in ipairs {'binary', 'ascii'} do
      torch.save(path, module, format)
      check_same(run(row, torch.load(path, format), input), want)
    end
    assert(module:clearState() == module, 'clearState did not give the module')
    torch.save(path, module)
    local file = io.open(path)
    local size = file:seek 'end'
    file:close()
    assert(size < 30000, ('after clearState the file has %d bytes'):format(size))
    check_same(run(row, torch.load(path), input), want)
    check_same(run(row, module, input), want)
    os.remove(path)
  end)

  t.test(row.name .. ': a clone is apart', function()
    local module, input = rows.make(row)
    local want = run(row, module, input)
    local copy = module:clone()
    for _, p in ipairs(module:parameters() or {}) do p:fill(7) end
    check_same(run(row, copy, input), want)
  end)

  t.test(row.name .. ': in floats', function()
    local module, input = rows.make(row)
    local want = run(row, module, input)
    local single = rows.map(input, function(x) return x:type() == 'torch.DoubleTensor' and x:float() or x end)
    module:float()
    if not row.stays then t.eq(module:type(), 'torch.FloatTensor') end
    local got = run(row, module, row.stays and input or single)
    for _, x in ipairs(got) do
      if not row.stays then t.eq(x:type(), 'torch.FloatTensor') end
    end
    check_same(got, want, 1e-5)
    module:double()
    check_same(run(row, module, input), want, 1e-5)
  end)

  t.test(row.name .. ': steady steps ask for no memory', function()
    if row.drops then t.skip('it leaves ' .. row.drops) end
    local module, input = rows.make(row)
    local out = rows.quietly(row, rows.forward, row, module, input)
    local g = row.number and torch.ones(1) or rows.map(out, function(y) return y:clone():fill(0.5) end)
    -- each step has tensors of its own, which are let go of afterwards: nobody else may go on holding them
    local function own(x) return x:clone() end
    local function empty(x) return x:set() end
    local function step()
      local x, y = rows.map(input, own), rows.map(g, own)
      rows.forward(row, module, x)
      module:backward(x, y)
      rows.map(x, empty)
      rows.map(y, empty)
    end
    local early, late = nil, nil
    collectgarbage()
    collectgarbage 'stop'
    rows.quietly(row, function()
      for i = 1, 8 do
        step()
        if i == 4 then early = torch.memory() end
      end
      late = torch.memory()
    end)
    collectgarbage 'restart'
    t.eq({late.live, late.requests}, {early.live, early.requests})
  end)
end

t.test('what Torch7 saved loads and does the same', function()
  local here = debug.getinfo(1, 'S').source:match('^@(.*)/[^/]*$')
  local entries = torch.load(here .. '/expected/torch7_layers.t7')
  t.eq(#entries, 13)
  for _, entry in ipairs(entries) do
    local module, input, want, target = unpack(entry)
    for _, m in ipairs {module, module:clone()} do
      local out = m:forward(input, target)
      local gap = torch.isTensor(want) and (out - want):abs():max() or math.abs(out - want)
      t.near(gap, 0, 1e-12, tostring(module))
      if target then m:backward(input, target) else m:backward(input, want) end
    end
  end
end)
