--- Every row of torch.op: values in every dtype, every layout, no elements, broadcasting, the forms of Torch7.
local t = require 'harness'
local torch = require 'torch'
local op = require 'torch.op'
local samples = require 'samples'
local expected = require 'expected_values'

local F = op.F
local floats = {'torch.DoubleTensor', 'torch.FloatTensor', 'torch.HalfTensor', 'torch.BFloat16Tensor'}
local ints = {'torch.LongTensor', 'torch.IntTensor', 'torch.ShortTensor', 'torch.CharTensor', 'torch.ByteTensor'}

local function types_of(row)
  local list = {}
  if row.dtypes ~= 'ints' then for _, name in ipairs(floats) do list[#list + 1] = name end end
  if row.dtypes ~= 'floats' then for _, name in ipairs(ints) do list[#list + 1] = name end end
  return list
end

local function fail_if(message, what)
  if message then error(what .. ': ' .. message, 0) end
end

local function describe(row, typename, k) return ('%s, %s, sample %d'):format(row.name, typename, k) end

-- -- Values -----------------------------------------------------------------------------------------------------

-- The element of an operand that goes with place i of the result's sizes, by the rules of broadcasting.
local function element(x, index)
  if type(x) == 'number' then return x end
  local place, lead = {}, #index - x:dim()
  for d = 1, x:dim() do place[d] = x:size(d) == 1 and 1 or index[d + lead] end
  return x[place]
end

local function each_index(sizes, f)
  local index = {}
  local function go(d)
    if d > #sizes then return f(index) end
    for i = 1, sizes[d] do
      index[d] = i
      go(d + 1)
    end
  end
  go(1)
end

local function check_values(row, typename, args, k)
  local formula = expected[row.name] or error('expected_values.lua has no formula for ' .. row.name, 0)
  local out = F[row.name](unpack(args))
  local want = torch.DoubleTensor(out:size())
  each_index(out:size():totable(), function(index)
    local v = {}
    for i = 1, #args do v[i] = element(args[i], index) end
    want[index] = formula(unpack(v))
  end)
  -- the result in the dtype's own precision
  local slack = typename == 'torch.HalfTensor' and 4 or typename == 'torch.BFloat16Tensor' and 4 or 2
  fail_if(samples.differ(out, want:type(out:type()), slack), describe(row, typename, k))
end

-- -- The table --------------------------------------------------------------------------------------------------

for _, row in ipairs(op.rows) do
  t.test(row.name .. ' has a sample and a help text', function()
    assert(row.sample, row.name .. ' has no sample: every row needs one')
    assert(row.doc and row.doc:find(row.name, 1, true), row.name .. ' has no help text that names it')
  end)

  if row.sample then
    t.test(row.name .. ' in every dtype', function()
      for _, typename in ipairs(types_of(row)) do
        for k, args in ipairs(samples.of(row, typename)) do
          if row.run then
            check_values(row, typename, args, k)
          else
            -- other ops have tests of their values by family; here every dtype must agree with double
            local wide = samples.map(args, function(x) return samples.is_fixed[x] and x or x:double() end)
            local out, want = F[row.name](unpack(args)), F[row.name](unpack(wide))
            fail_if(samples.differ(out, want:type(out:type()), 8), describe(row, typename, k))
          end
        end
      end
    end)

    t.test(row.name .. ' in every layout, its operands untouched', function()
      for name, layout in pairs(row.name == 'view' and {offset = samples.layouts.offset} or samples.layouts) do
        for k, args in ipairs(samples.of(row, row.dtypes == 'ints' and 'torch.LongTensor' or 'torch.DoubleTensor')) do
          local want = F[row.name](unpack(args))
          local laid = samples.map(args, layout)
          local before = samples.map(laid, function(x) return x:clone() end)
          fail_if(samples.differ(F[row.name](unpack(laid)), want), describe(row, name, k))
          local function compare(a, b)
            for key, v in pairs(a) do
              if torch.isTensor(v) then fail_if(samples.differ(v, b[key]), row.name .. ' changed its operand')
              elseif type(v) == 'table' then compare(v, b[key]) end
            end
          end
          if row.name ~= 'fill' and row.name ~= 'copy' then compare(laid, before) end
        end
      end
    end)
  end
end

-- -- Pointwise rows ---------------------------------------------------------------------------------------------

local function pointwise_rows()
  local list = {}
  for _, row in ipairs(op.rows) do if row.run then list[#list + 1] = row end end
  return list
end

for _, row in ipairs(pointwise_rows()) do
  t.test(row.name .. ' of nothing', function()
    for _, empty in ipairs {torch.DoubleTensor(), torch.DoubleTensor(0, 4)} do
      local typename = row.dtypes == 'ints' and 'torch.LongTensor' or 'torch.DoubleTensor'
      local args = samples.map(samples.of(row, typename)[1], function(x) return empty:type(x:type()) end)
      local out = F[row.name](unpack(args))
      assert(out:isSameSizeAs(empty), 'expected a result without elements')
    end
  end)

  t.test(row.name .. ' of expanded operands', function()
    local typename = row.dtypes == 'ints' and 'torch.LongTensor' or 'torch.DoubleTensor'
    local args = samples.map(samples.of(row, typename)[1], function(x) return x:narrow(1, 1, 1) end)
    local wide = samples.map(args, function(x) return x:expand(5, x:size(2)) end)
    local packed = samples.map(wide, function(x) return x:clone() end)
    fail_if(samples.differ(F[row.name](unpack(wide)), F[row.name](unpack(packed))), row.name)
  end)

  t.test(row.name .. ' refuses an expanded result and sizes that do not broadcast', function()
    local typename = row.dtypes == 'ints' and 'torch.LongTensor' or 'torch.DoubleTensor'
    local args = samples.of(row, typename)[1]
    local shared = F[row.name](unpack(args)):narrow(1, 1, 1):expand(3, 4)
    if row.inputs == 2 and row.kind == 'binary' then
      t.raises('expanded', row.run, row, shared, args[1], args[2], 1)
      t.raises(row.name .. ': sizes 3x4 and 7x9 do not broadcast', F[row.name], args[1], args[1].new(7, 9):fill(1))
    end
  end)

  t.test(row.name .. ' in the forms of Torch7', function()
    local typename = row.dtypes == 'ints' and 'torch.LongTensor' or 'torch.DoubleTensor'
    local args = samples.of(row, typename)[1]
    if row.name == 'add' then args[3] = nil end
    if row.name == 'addcmul' or row.name == 'addcdiv' then args[4] = nil end
    local want = row.name == 'addcmul' and F.addcmul(args[1], args[2], args[3], 1) or F[row.name](unpack(args))
    if row.name == 'addcdiv' then want = F.addcdiv(args[1], args[2], args[3], 1) end
    local name = row.name == 'sub' and 'csub' or row.name
    fail_if(samples.differ(torch[name](unpack(args)), want), 'torch.' .. name .. '(…)')
    local result = want.new(2):fill(3)
    assert(torch[name](result, unpack(args)) == result)
    fail_if(samples.differ(result, want), 'torch.' .. name .. '(result, …)')
    if row.kind == 'compare' or row.kind == 'masked' then return end
    local x = args[1]:clone()
    assert(x[name](x, unpack(args, 2)) == x)
    fail_if(samples.differ(x, want), 'x:' .. name .. '(…) in place')
  end)
end

-- -- Broadcasting and Torch7's rule -----------------------------------------------------------------------------

t.test('operands of equal count go element by element, in the first one\'s sizes', function()
  local a, b = torch.range(1, 6):view(2, 3), torch.range(10, 60, 10):view(3, 2):t()
  local out = torch.add(a, b)
  assert(out:size(1) == 2 and out:size(2) == 3)
  t.eq(torch.add(a, torch.range(10, 60, 10)):totable(), {{11, 22, 33}, {44, 55, 66}})
end)

t.test('an output that overlaps an operand in another layout', function()
  local x = torch.range(1, 9):view(3, 3)
  local want = torch.add(x, x:t():clone())
  x:add(x:t())
  fail_if(samples.differ(x, want), 'x:add(x:t())')
  local y = torch.range(1, 5)
  y:narrow(1, 2, 4):copy(y:narrow(1, 1, 4))
  t.eq(y:totable(), {1, 1, 2, 3, 4})
end)

t.test('a result that is an operand keeps its sizes', function()
  local x = torch.DoubleTensor(3):fill(1)
  t.raises('add: the result has sizes 2x3', function() x:add(torch.DoubleTensor(2, 3):fill(1)) end)
  t.eq(x:totable(), {1, 1, 1})
end)

t.test('whole-number division by zero is refused, and the result is untouched', function()
  local x, zero = torch.IntTensor{4, 5}, torch.IntTensor{2, 0}
  for _, name in ipairs {'cdiv', 'cfmod', 'cremainder'} do
    t.raises('division by zero', function() x[name](x, zero) end)
  end
  t.raises('division by zero', function() x:div(0) end)
  t.eq(x:totable(), {4, 5})
  local least = torch.LongTensor{-2 ^ 63}
  t.eq((least / -1):totable(), least:totable())
end)

t.test('dtypes do not mix', function()
  t.raises('add: expected a float tensor, got a double one', function()
    return torch.FloatTensor{1} + torch.DoubleTensor{1}
  end)
  t.raises('expected a tensor or a number, got string', function() return torch.DoubleTensor{1} + 'x' end)
end)

t.test('whole numbers wrap, scalars are converted', function()
  t.eq((torch.ByteTensor{250} + 10):totable(), {4})
  t.eq((torch.CharTensor{100} * 2):totable(), {-56})
  t.eq((torch.IntTensor{7} * 2.9):totable(), {14})
end)

t.test('the sum of a small dtype is exact', function()
  t.eq(torch.eq(torch.zeros(300), 0):sum(), 300)
  t.eq(torch.IntTensor{2 ^ 31 - 1, 1}:sum(), 2 ^ 31)
  t.eq(torch.ByteTensor{16, 16}:prod(), 256)
end)

t.test('the error names the user\'s line', function()
  local ok, message = pcall(function()
    return torch.DoubleTensor(2) + torch.DoubleTensor(3)   -- this line
  end)
  assert(not ok and message:find('test_ops.lua:%d+: add: sizes 2 and 3'), message)
end)
