--- What single modules do beyond values and gradients: options, fields, random draws, tables, structure, refusals.
local t = require 'harness'
local torch = require 'torch'
require 'nn'
local autograd = require 'autograd'

torch.setdefaulttensortype('torch.DoubleTensor')

local function gap(a, b) return (a - b):abs():max() end
local function sizes(x) return x:size():totable() end

-- -- Elements ---------------------------------------------------------------------------------------------------

t.test('rectifiers in place take the input\'s memory, and go back as others do', function()
  local makers = {
    function(inplace) return nn.ReLU6(inplace) end, function(inplace) return nn.HardTanh(-0.5, 0.5, inplace) end,
    function(inplace) return nn.ELU(0.7, inplace) end, function(inplace) return nn.LeakyReLU(0.2, inplace) end,
    function(inplace) return nn.RReLU(0.1, 0.4, inplace) end,
  }
  for _, make in ipairs(makers) do
    local x, g = torch.randn(3, 5), torch.randn(3, 5)
    local plain, own, y = make(false), make(true), x:clone()
    torch.manualSeed(3)
    local want, back = plain:forward(x):clone(), plain:backward(x, g):clone()
    torch.manualSeed(3)
    t.near(gap(own:forward(y), want), 0)
    t.near(gap(y, want), 0)
    t.near(gap(own:backward(y, g), back), 0)
  end
  t.eq({nn.LeakyReLU(true).negval, nn.LeakyReLU(true).inplace, nn.LeakyReLU(-1, true).inplace}, {0.01, true, false})
end)

t.test('constants in place leave the input alone, so that layers before can go back', function()
  local net = nn.Sequential():add(nn.Tanh()):add(nn.MulConstant(2, true)):add(nn.AddConstant(1, true))
  local x = torch.randn(4)
  local before, y = x:clone(), net:forward(x)
  t.near(gap(y, torch.tanh(before) * 2 + 1), 0, 1e-15)
  t.near(gap(net:backward(x, torch.ones(4)), (torch.tanh(before):pow(2) * -1 + 1) * 2), 0, 1e-15)
end)

t.test('gradients at the kinks are Torch7\'s', function()
  local g = torch.ones(3)
  t.eq(nn.HardTanh():backward(torch.Tensor {-1, 0, 1}, g):totable(), {0, 1, 0})
  t.eq(nn.ReLU6():backward(torch.Tensor {0, 3, 6}, g):totable(), {0, 1, 0})
  t.eq(nn.Sqrt():backward(torch.Tensor {0, 1, 4}, g):totable(), {0, 0.5, 0.25})
  t.eq(nn.SoftShrink(1):backward(torch.Tensor {-1, 1, 2}, g):totable(), {0, 0, 1})
end)

t.test('RReLU draws for what is not positive, in order, and keeps it for another input', function()
  local m, x = nn.RReLU(0.25, 0.75), torch.Tensor {1, -1, 2, -2, 0}
  torch.manualSeed(4)
  local out = m:forward(x):clone()
  torch.manualSeed(4)
  local a, b, c = torch.uniform(0.25, 0.75), torch.uniform(0.25, 0.75), torch.uniform(0.25, 0.75)
  t.eq(m.noise:totable(), {1, a, 1, b, c})
  t.eq(out:totable(), {1, -a, 2, -2 * b, 0})
  t.eq(m:backward(x:clone(), torch.ones(5)):totable(), {1, a, 1, b, c})
  m:clearState()
  t.eq(m.noise:nElement(), 0)
end)

t.test('WhiteNoise keeps its noise for another input; none when evaluating', function()
  local m, x = nn.WhiteNoise(2, 0.5), torch.zeros(400)
  local out = m:forward(x):clone()
  t.near(out:mean(), 2, 0.1)
  t.near(out:std(), 0.5, 0.1)
  m:backward(torch.zeros(400), x)
  t.eq(gap(m.noise, out), 0)
  m:evaluate()
  t.eq(m:forward(x):totable()[7], 2)
end)

t.test('SpatialDropout and VolumetricDropout drop whole features and scale when evaluating', function()
  for _, case in ipairs {{nn.SpatialDropout(0.4), 50, 3, 4}, {nn.VolumetricDropout(0.4), 50, 2, 3, 2}} do
    local m, x = case[1], torch.ones(unpack(case, 2))
    for _, input in ipairs {x, x:view(1, unpack(case, 2))} do
      m:training()
      local rows = m:forward(input):view(50, -1)
      for i = 1, 50 do t.eq(rows[i]:max(), rows[i]:min()) end
      assert(rows:sum() > 0 and rows:sum() < x:nElement())
      t.near(gap(m:backward(input, input), m.output), 0)
      m:evaluate()
      t.near(m:forward(input):max(), 0.6)
      t.near(m:backward(input, input):min(), 0.6)
    end
    m:training()
    t.raises('dimensions, got 3', m.forward, m, torch.ones(3))
  end
end)

t.test('what goes back is bent at every order', function()
  local reversal = nn.GradientReversal(0.5)
  local x = torch.Tensor {1, 2}
  local g = autograd.grad(function(a) return torch.pow(reversal:forward(a), 3):sum() end)
  t.eq(g(x):totable(), {-1.5, -6})
  t.eq(autograd.grad(function(a) return g(a):sum() end)(x):totable(), {1.5, 3})
  reversal:setLambda(2)
  t.eq(reversal:backward(x, x):totable(), {-2, -4})
  t.eq(nn.ZeroGrad():backward({x, {x}}, {x, {x}})[2][1]:totable(), {0, 0})
  local penalty = nn.L1Penalty(3, true)
  penalty:forward(torch.Tensor {-1, 2})
  t.near(penalty.loss, 4.5)
end)

t.test('Copy changes the type, or passes', function()
  local m, x = nn.Copy('torch.DoubleTensor', 'torch.FloatTensor'), torch.Tensor {1, 2}
  t.eq({m:forward(x):type(), m:backward(x, m.output):type()}, {'torch.FloatTensor', 'torch.DoubleTensor'})
  assert(nn.Copy():forward(x):isSetTo(x) and not nn.Copy(nil, nil, true):forward(x):isSetTo(x))
  local fixed = nn.Copy('torch.FloatTensor', 'torch.FloatTensor', false, true):double()
  t.eq(fixed:forward(x):type(), 'torch.FloatTensor')
  t.raises('there is no tensor type torch.Nothing', nn.Copy, 'torch.Nothing')
end)

t.test('Contiguous copies what does not lie in order', function()
  local m, x = nn.Contiguous(), torch.randn(3, 4)
  assert(m:forward(x):isSetTo(x))
  local y = m:forward(x:t())
  assert(y:isContiguous() and gap(y, x:t()) == 0)
end)

t.test('PrintSize and Profile print', function()
  local lines, print = {}, _G.print
  rawset(_G, 'print', function(...) lines[#lines + 1] = table.concat({tostring((...)), tostring((select(2, ...)))}) end)
  local size, profile = nn.PrintSize('here'), nn.Profile(nn.Tanh(), 2, 'squash')
  local x = torch.randn(2, 3)
  size:forward(x)
  size:backward(x, nil)
  for _ = 1, 4 do profile:backward(x, profile:forward(x)) end
  rawset(_G, 'print', print)
  assert(lines[1]:find('here:input', 1, true) and lines[2]:find('here:gradOutput\nmissing size', 1, true), lines[2])
  t.eq(#lines, 6)
  assert(lines[3]:match('^squash took %d+%.%d+ seconds for 2 forward passes'), lines[3])
  assert(lines[4]:match('2 backward passes'), lines[4])
end)

-- -- Sizes ------------------------------------------------------------------------------------------------------

t.test('Squeeze and Unsqueeze with batches', function()
  t.eq(sizes(nn.Squeeze():forward(torch.randn(1, 3, 1))), {3})
  t.eq(sizes(nn.Squeeze(1, 2):forward(torch.randn(5, 1, 3))), {5, 3})
  t.eq(sizes(nn.Squeeze(nil, 2):forward(torch.randn(1, 1, 3))), {1, 3})
  t.eq(sizes(nn.Unsqueeze(3):forward(torch.randn(2, 3))), {2, 3, 1})
  local m = nn.Unsqueeze(1):setNumInputDims(2)
  t.eq(sizes(m:forward(torch.randn(5, 2, 3))), {5, 1, 2, 3})
  t.raises('or 2 has less than 2 dimensions', m.forward, m, torch.randn(2))
  t.raises('place 4 is outside 1..3', function() nn.Unsqueeze(4):forward(torch.randn(2, 3)) end)
end)

t.test('paddings refuse what is too small', function()
  local x = torch.randn(1, 3, 3)
  t.raises('reflect cannot add 3 and 0 places to the 3 of dimension 3', function()
    nn.SpatialReflectionPadding(3, 0, 0, 0):forward(x)
  end)
  t.raises('too small for %-2 and %-1', function() nn.SpatialZeroPadding(-2, -1, 0, 0):forward(x) end)
  t.raises('expected 4 or 5 dimensions, got 1x3x3', function() nn.VolumetricReplicationPadding(1):forward(x) end)
  t.eq(nn.SpatialZeroPadding(2):forward(x):sum(), x:sum())
  t.eq(sizes(nn.SpatialZeroPadding(-1):forward(x)), {1, 1, 1})
  t.raises('place 5 is outside 1..4', function() nn.Padding(1, -1, 1, 0, 5):forward(torch.randn(3)) end)
  t.eq(nn.Padding(1, 0):forward(torch.Tensor {1, 2}):totable(), {1, 2})
end)

t.test('Convert: all its shapes', function()
  local x = torch.randn(4, 3)
  t.near(gap(nn.Convert('bf', 'fb'):forward(x), x:t()), 0)
  t.near(gap(nn.Convert('bt', 'b'):forward(x), x:select(2, 1)), 0)
  t.eq(sizes(nn.Convert('b', 'bt'):forward(torch.randn(5))), {5, 1})
  t.eq(sizes(nn.Convert('b', 'bf'):forward(torch.randn(5))), {5, 1})
  t.eq(sizes(nn.Convert('chwb', 'bf'):forward(torch.randn(2, 3, 4, 5))), {5, 24})
  t.raises('shape bt does not convert to bf', function() nn.Convert('bt', 'bf'):forward(x) end)
  t.raises('does not convert to b where there are 3 features', function() nn.Convert('bf', 'b'):forward(x) end)
  t.raises('expected an input shape', nn.Convert, nil, 'bf')
  local m = nn.Convert()
  t.eq(m:forward(x:float()):type(), 'torch.DoubleTensor')
  t.eq(m:backward(x:float(), x):type(), 'torch.FloatTensor')
end)

-- -- Tables -----------------------------------------------------------------------------------------------------

t.test('modules that choose give the very tensors, and zeros beside the gradient', function()
  local x = {torch.randn(2), torch.randn(3), name = torch.randn(4)}
  local m = nn.SelectTable('name')
  assert(m:forward(x) == x.name)
  local back = m:backward(x, torch.ones(4))
  t.eq({back.name:sum(), back[1]:sum(), sizes(back[2])[1]}, {4, 0, 3})
  t.raises('the input has no entry 5', function() nn.SelectTable(5):forward(x) end)
  t.raises('expected a table, got torch.DoubleTensor', m.forward, m, x[1])
  local n = nn.NarrowTable(2, 2)
  local long, short = {x[1], x[2], x[1], x[2]}, {x[1], x[2], x[1]}
  assert(n:forward(long)[2] == x[1])
  n:backward(long, {torch.ones(3), torch.ones(2)})
  n:forward(short)
  t.eq(#n:backward(short, {torch.ones(3), torch.ones(2)}), 3)
  t.eq({n.gradInput[1]:sum(), n.gradInput[2]:sum()}, {0, 3})
end)

t.test('what was a view of gradOutput once is not written later', function()
  local m, a, b, g = nn.SelectTable(1), torch.randn(2), torch.randn(2), torch.ones(2)
  m:backward({a, b}, g)
  m.index = 2
  m:backward({a, b}, torch.ones(2))
  t.eq(g:totable(), {1, 1})
end)

t.test('FlattenTable keeps its tables while the structure stays', function()
  local a, b, c = torch.randn(1), torch.randn(2), torch.randn(3)
  local m, x = nn.FlattenTable(), {a, {b}}
  local out, places = m:forward(x), m.input_map
  assert(out[1] == a and out[2] == b)
  assert(m:forward(x) == out and m.input_map == places)
  assert(m:backward(x, {c, a})[2][1] == a)
  x[2] = {b, c}
  assert(m:forward(x) ~= out and #m.output == 3)
  local nested = nn.FlattenTable()
  nested:forward {a, {b}}
  nested:forward {{a}, b}
  t.eq(type(nested:backward({{a}, b}, {a, b})[1]), 'table')
end)

t.test('SplitTable\'s slices are views', function()
  local m, x = nn.SplitTable(2), torch.randn(2, 3)
  local out = m:forward(x)
  out[2]:fill(7)
  t.eq(x:select(2, 2):totable(), {7, 7})
  t.eq(#m:forward(torch.randn(2, 1)), 1)
  t.eq({#out, out[2]:totable()}, {3, {7, 7}}, 'what an earlier forward gave stays')
end)

t.test('ClassNLLCriterion takes the first of several targets for one vector', function()
  local x = torch.Tensor {-1, -2, -3}
  t.eq(nn.ClassNLLCriterion():forward(x, torch.IntTensor {2, 3}), 2)
end)

t.test('tables of unequal tensors are refused', function()
  local x, y = torch.randn(3), torch.randn(4)
  t.raises('CMulTable: input 2 has 4 elements, the first has 3', function() nn.CMulTable():forward {x, y} end)
  t.raises('CSubTable: expected 2 tensors, got 3', function() nn.CSubTable():forward {x, x, x} end)
  t.raises('CDivTable: expected a table of tensors, got torch.DoubleTensor', function() nn.CDivTable():forward(x) end)
  t.raises('CMaxTable: expected a tensor as input 2, got number', function() nn.CMaxTable():forward {x, 3} end)
  t.raises('DotProduct: sizes 3 and 4 do not fit', function() nn.DotProduct():forward {x, y} end)
  t.raises('MM: sizes 3 and 4 do not fit', function() nn.MM():forward {x, y} end)
  t.raises('MV: sizes 3 and 4 do not fit', function() nn.MV():forward {x, y} end)
  t.raises('MixtureTable: 3 gates for 2 experts', function() nn.MixtureTable():forward {x, {x, x}} end)
  t.eq(nn.CMulTable():forward({torch.ones(2, 3), torch.ones(6)}):dim(), 2)
end)

t.test('equal ones: the first takes the gradient', function()
  local x = torch.Tensor {1, 1}
  for _, m in ipairs {nn.CMaxTable(), nn.CMinTable()} do
    local back = m:backward({x, x:clone(), x:clone()}, torch.ones(2))
    t.eq({back[1]:sum(), back[2]:sum(), back[3]:sum()}, {2, 0, 0})
  end
end)

t.test('gradOutput may have other sizes, but as many elements', function()
  local m, x = nn.Tanh(), torch.randn(2, 3)
  m:forward(x)
  local want = m:backward(x, torch.ones(2, 3)):clone()
  t.near(gap(m:backward(x, torch.ones(6)), want), 0)
  t.raises('nn.Tanh: the output has sizes 2x3, gradOutput 3', m.backward, m, x, torch.ones(3))
end)

-- -- Arguments --------------------------------------------------------------------------------------------------

t.test('wrong arguments are refused', function()
  local cases = {
    {'expected true or false for inplace, got 1', nn.ReLU6, 1}, {'a maximum above the minimum', nn.HardTanh, 1, 1},
    {'expected a number as alpha', nn.ELU, 'a'}, {'0 <= lower <= upper', nn.RReLU, 0.5, 0.2},
    {'expected a number, got nil', nn.Power}, {'expected a number, got string', nn.MulConstant, 'a'},
    {'expected a number or a tensor', nn.AddConstant}, {'a norm p > 0', nn.Normalize, 0},
    {'numbers as dimension and first place', nn.Narrow, 1}, {'a dimension from 1 on', nn.Replicate, 2, -1},
    {'expected true or false for squeeze', nn.Sum, 1, 1, true, 1}, {'expected a number or a tensor', nn.Constant},
    {'a place as a number', nn.NarrowTable}, {'a place as a number', nn.Unsqueeze},
    {'expected true or false for trans', nn.MV, 1}, {'expected a module, got nil', nn.GPU, nil, 1},
    {'the number of a GPU', nn.GPU, nn.Tanh()},
  }
  for _, case in ipairs(cases) do t.raises(case[1], unpack(case, 2, 6)) end
  t.raises('expected 4 features', function() nn.PReLU(4):forward(torch.randn(3)) end)
  t.raises('a vector or a matrix', function() nn.Normalize(2):forward(torch.randn(2, 2, 2)) end)
  t.raises('an even size at dimension 1', function() nn.GatedLinearUnit():forward(torch.randn(3)) end)
  t.raises('a multiple of 4 channels', function() nn.PixelShuffle(2):forward(torch.randn(3, 2, 2)) end)
  t.raises('a constant of 3 elements does not fit 4', function()
    nn.AddConstant(torch.ones(3)):forward(torch.randn(4))
  end)
  t.raises('Max: dimension 3 is outside 1..2', function() nn.Max(3):forward(torch.randn(2, 2)) end)
end)
