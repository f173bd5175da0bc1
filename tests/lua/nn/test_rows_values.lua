--- Every row of nn/rows.lua: outputs and gradients against those that PyTorch computed (see expected/modules.py), what
-- a tape outside makes of the module, and print-outs.
local t = require 'harness'
local torch = require 'torch'
require 'nn'
local autograd = require 'autograd'
local rows = require 'nn.rows'
local F = torch.F

torch.setdefaulttensortype('torch.DoubleTensor')

local expected = {}
for _, file in ipairs {'modules', 'parameters', 'spatial', 'sequences'} do
  for name, values in pairs(require('nn.expected.' .. file)) do expected[name] = values end
end

-- What is stored of a tensor.
local function check(what, x, want)
  t.eq(x:size():totable(), want[1], what)
  local flat = x:contiguous():view(x:nElement())
  for k = 1, 2 do
    local product = torch.dot(flat, rows.wave(70 + k, 0, flat:size(1)))
    t.near(product, want[k + 1], 1e-9, ('%s, product %d'):format(what, k))
  end
end

local function check_all(what, list, want)
  t.eq(#list, #want, 'how many ' .. what .. 's')
  for i, x in ipairs(list) do check(('%s %d'):format(what, i), x, want[i]) end
end

-- The k-th wave from 51 on for each tensor of the output.
local function gradients_of(out)
  local k = 50
  return rows.map(out, function(y)
    k = k + 1
    return rows.wave(k, 0, y:size())
  end)
end

local function set_parameters(module, n)
  local parameters, grads = module:parameters()
  for i, p in ipairs(parameters or {}) do p:copy(rows.wave(n + i, 0, p:size())) end
  module:zeroGradParameters()
  return grads or {}
end

for _, row in ipairs(rows.list) do
  if not (row.random or row.number or row.alone or row.class == 'OneHot') then
    t.test(row.name .. ': PyTorch\'s values', function()
      local want = expected[row.name] or error('there are no stored values of ' .. row.name)
      local module, input, n = rows.make(row)
      local grads = set_parameters(module, n)
      local out = rows.quietly(row, module.forward, module, input)
      check_all('output', rows.tensors(out), want[1])
      local back = rows.tensors(rows.quietly(row, module.backward, module, input, gradients_of(out)))
      while #back > n do back[#back] = nil end   -- places and masks come last
      for _, g in ipairs(grads) do back[#back + 1] = g end
      check_all('gradient', back, want[2])
    end)
  end

  if not (row.number or row.class == 'OneHot') then
    t.test(row.name .. ': an outer tape sees the same', function()
      local module, input, n = rows.make(row)
      set_parameters(module, n)
      local function forward(x) return rows.quietly(row, rows.forward, row, module, x) end
      local out = rows.map(forward(input), function(y) return y:clone() end)
      local v = rows.tensors(gradients_of(out))
      local want = rows.tensors(rows.quietly(row, module.backward, module, input, gradients_of(out)))
      local xs, loss = rows.tensors(input), nil
      local tape, found = autograd.record(xs, function()
        local list = rows.tensors(forward(input))
        for i, y in ipairs(list) do
          local term = F.sum(F.mul(y, v[i]))
          loss = loss and F.add(loss, term) or term
        end
        return list
      end)
      for i, y in ipairs(rows.tensors(out)) do t.near((found[i] - y):abs():max(), 0, 1e-15) end
      local got = tape:grad(loss, xs, torch.ones(1))
      for i, g in ipairs(want) do
        local gap = got[i] and (got[i] - g):abs():max() or torch.abs(g):max()
        t.near(gap, 0, 1e-12, 'gradient ' .. i)
      end
    end)
  end

  t.test(row.name .. ': print-out', function()
    local module = rows.make(row)
    local text = tostring(module)
    if row.text then t.eq(text, row.text) end
    if row.name == row.class and not row.text and not module.modules then t.eq(text, 'nn.' .. row.class) end
  end)
end

t.test('OneHot: values', function()
  local module, input = nn.OneHot(4), torch.LongTensor {{2, 4, 1}, {3, 3, 2}}
  local out = module:forward(input)
  t.eq(out:size():totable(), {2, 3, 4})
  t.eq(out[2]:totable(), {{0, 0, 1, 0}, {0, 0, 1, 0}, {0, 1, 0, 0}})
  t.eq(module:forward(3):totable(), {0, 0, 1, 0})
  t.eq(module:updateGradInput(3, out), 0)
  t.eq(module:backward(input, out):totable(), {{0, 0, 0}, {0, 0, 0}})
  t.eq(nn.OneHot(2):float():forward(torch.Tensor {1, 2}):type(), 'torch.FloatTensor')
  t.raises('scatter', module.forward, module, torch.LongTensor {5})
  t.raises('expected a number or a tensor, got nil', module.forward, module)
end)

t.test('CriterionTable: the criterion\'s number and gradient', function()
  local module, x, y = nn.CriterionTable(nn.MSECriterion()), torch.Tensor {1, 2}, torch.Tensor {1, 4}
  t.eq(module:forward {x, y}, 2)
  t.eq(module:backward({x, y}, torch.ones(1))[1]:totable(), {0, -2})
  t.eq(autograd.grad(function(a) return module:forward {a, y} end)(x):totable(), {0, -2})
  t.raises('expected a table of input and target', module.forward, module, x)
end)
