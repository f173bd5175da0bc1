--- Every row of rows/criteria.lua: losses and gradients against those that PyTorch computed (see expected/criteria.py),
-- gradients of order 1 and 2 against differences, saved and cloned criteria, other types, and memory that stays.
local t = require 'harness'
local torch = require 'torch'
require 'nn'
local gradients = require 'nn.gradients'
local autograd = require 'autograd'
local rows = require 'nn.rows'
local F = torch.F

torch.setdefaulttensortype('torch.DoubleTensor')

local expected = require 'nn.expected.criteria'
local list = require 'nn.rows.criteria'

-- The row's criterion, input and target.
local function make(row)
  local n = 0
  local function x(...)
    n = n + 1
    return rows.wave(n, 0, ...)
  end
  torch.manualSeed(1)
  local criterion, input = row[1](), row[2](x)
  return criterion, input, row[3](x)
end

local function copies(x)
  local found = {}
  for i, y in ipairs(rows.tensors(x)) do found[i] = y:clone() end
  return found
end

-- The loss, and the gradients of the input's tensors.
local function run(criterion, input, target)
  local loss = criterion:forward(input, target)
  t.eq(type(loss), 'number')
  t.eq(criterion.output, loss)
  local g = criterion:backward(input, target)
  assert(g == criterion.gradInput)
  return loss, copies(g)
end

local function check_same(loss, grads, want, want_grads, tolerance)
  t.near(loss, want, tolerance)
  t.eq(#grads, #want_grads)
  for i, g in ipairs(want_grads) do
    t.eq(grads[i]:size():totable(), g:size():totable())
    t.near((grads[i]:double() - g:double()):abs():max(), 0, tolerance)
  end
end

-- A list of tensors in place of those of x, in their order.
local function put(x, tensors)
  local at = 0
  return rows.map(x, function(y)
    if #rows.tensors(y) == 0 then return y end
    at = at + 1
    return tensors[at]
  end)
end

local function clones(x) return rows.map(x, function(y) return y:clone() end) end

-- -- Every class has a row --------------------------------------------------------------------------------------

t.test('every criterion has a row', function()
  local has, count = {}, 0
  for name in pairs(list) do has[name:match('^[^,]+')] = true end
  for _, file in ipairs {'regression', 'classification', 'margins', 'embeddings', 'multicriteria'} do
    for _, class in pairs(require('nn.' .. file)) do
      count = count + 1
      assert(has[class.__typename:match('[^%.]+$')], class.__typename .. ' has no row in rows/criteria.lua')
    end
  end
  assert(count > 25, 'only ' .. count .. ' classes')
end)

-- -- Values -----------------------------------------------------------------------------------------------------

-- What is stored of a tensor; see expected/modules.py.
local function check(what, x, want)
  t.eq(x:size():totable(), want[1], what)
  local flat = x:contiguous():view(x:nElement())
  for k = 1, 2 do
    t.near(torch.dot(flat, rows.wave(70 + k, 0, flat:size(1))), want[k + 1], 1e-9, ('%s, product %d'):format(what, k))
  end
end

for name, row in pairs(list) do
  t.test(name .. ': PyTorch\'s values', function()
    local want = expected[name] or error('there are no stored values of ' .. name)
    local criterion, input, target = make(row)
    local loss, grads = run(criterion, input, target)
    t.near(loss, want[1], 1e-9)
    t.eq(#grads, #want[2])
    for i, g in ipairs(grads) do check('gradient ' .. i, g, want[2][i]) end
  end)

  t.test(name .. ': called', function()
    local criterion, input, target = make(row)
    local want, want_grads = run(criterion, input, target)
    local loss, g = criterion(input, target)
    check_same(loss, copies(g), want, want_grads, 0)
  end)
end

-- -- Gradients --------------------------------------------------------------------------------------------------

for name, row in pairs(list) do
  t.test(name .. ': gradients', function()
    local criterion, input, target = make(row)
    input = clones(input)
    local _, grads = run(criterion, input, target)
    for i, x in ipairs(rows.tensors(input)) do
      local gap = gradients.worst_gap(x, grads[i], function() return criterion:forward(input, target) end)
      t.near(gap, 0, 2e-8, 'input ' .. i)
    end
  end)

  t.test(name .. ': an outer tape sees the same, to order 2', function()
    local criterion, input, target = make(row)
    input = clones(input)
    local xs, u = rows.tensors(input), {}
    local want, want_grads = run(criterion, input, target)
    for i, x in ipairs(xs) do u[i] = rows.wave(60 + i, 0, x:size()) end
    local function loss(tensors)
      local out = criterion:forward(put(input, tensors), target)
      t.near(out:item(), want, 1e-3)   -- it moves a little with the differences
      return out
    end
    local grads = autograd.grad(loss)(xs)
    for i, g in ipairs(want_grads) do t.near((grads[i] - g):abs():max(), 0, 1e-12, 'gradient ' .. i) end
    local function projected()
      local found, sum = autograd.grad(loss)(xs), nil
      for i, g in ipairs(found) do
        local term = F.sum(F.mul(g, u[i]))
        sum = sum and F.add(sum, term) or term
      end
      return sum
    end
    local second = autograd.grad(projected)(xs)
    for i, x in ipairs(xs) do
      t.near(gradients.worst_gap(x, second[i], function() return projected():item() end), 0, 2e-7, 'input ' .. i)
    end
  end)
end

-- -- Files, types, memory ---------------------------------------------------------------------------------------

for name, row in pairs(list) do
  t.test(name .. ': saved, loaded and cloned, it does the same', function()
    local criterion, input, target = make(row)
    local want, want_grads = run(criterion, input, target)
    local path = os.tmpname()
    torch.save(path, criterion)
    local loaded = torch.load(path)
    os.remove(path)
    for _, c in ipairs {loaded, criterion:clone()} do
      local loss, grads = run(c, input, target)
      check_same(loss, grads, want, want_grads, 0)
    end
  end)

  t.test(name .. ': in floats', function()
    local criterion, input, target = make(row)
    local want, want_grads = run(criterion, input, target)
    local function single(x)
      return rows.map(x, function(y) return y:type() == 'torch.DoubleTensor' and y:float() or y end)
    end
    local loss, grads = run(criterion:float(), single(input), single(target))
    for _, g in ipairs(grads) do t.eq(g:type(), 'torch.FloatTensor') end
    check_same(loss, grads, want, want_grads, 1e-5)
    loss, grads = run(criterion:double(), input, target)
    check_same(loss, grads, want, want_grads, 1e-6)
  end)

  t.test(name .. ': steady steps ask for no memory', function()
    local criterion, input, target = make(row)
    local early, late
    collectgarbage()
    collectgarbage 'stop'
    for i = 1, 8 do
      criterion:forward(input, target)
      criterion:backward(input, target)
      if i == 4 then early = torch.memory() end
    end
    late = torch.memory()
    collectgarbage 'restart'
    t.eq({late.live, late.requests}, {early.live, early.requests})
  end)
end
