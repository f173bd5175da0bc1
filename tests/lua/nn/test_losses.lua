--- Criteria beyond their values: what they refuse, what they keep, guests among them, and sums of them.
local t = require 'harness'
local torch = require 'torch'
require 'nn'
local autograd = require 'autograd'
local F = torch.F

torch.setdefaulttensortype('torch.DoubleTensor')

local function gap(a, b) return torch.abs(a - b):max() end

-- A hinge written by hand, Torch7's way.
local Hand = torch.class('nn.TestHinge', 'nn.Criterion')
function Hand:updateOutput(x, y)
  self.output = torch.cmul(x, y):mul(-1):add(1):cmax(0):sum()
  return self.output
end
function Hand:updateGradInput(x, y)
  self.gradInput:resizeAs(x):copy(torch.cmul(x, y):lt(1)):cmul(y):mul(-1)
  return self.gradInput
end

-- -- Guests -----------------------------------------------------------------------------------------------------

t.test('a criterion written by hand is a guest on the user\'s tape: one order', function()
  local x, y = torch.Tensor {0.5, -2, 3}, torch.Tensor {1, -1, 1}
  local hand = nn.TestHinge()
  t.eq({hand:forward(x, y), hand:backward(x, y):totable()}, {0.5, {-1, 0, 0}})
  local g = autograd.grad(function(a) return F.mul(hand:forward(F.square(a), y), 3) end)(x)
  t.eq(g:totable(), {3 * -1 * 2 * 0.5, 3 * 2 * -2, 0})
  local twice = autograd.grad(function(a)
    return autograd.grad(function(b) return hand:forward(b, y) end)(a):sum()
  end)
  t.raises('nn.TestHinge: its backward is written by hand', twice, x)
  -- and as a part of a sum
  local sum = nn.MultiCriterion():add(hand, 2):add(nn.MSECriterion(false))
  t.near(sum:forward(x, y), 2 * 0.5 + 0.25 + 1 + 4)
  local want = sum:backward(x, y):clone()
  t.near(gap(autograd.grad(function(a) return sum:forward(a, y) end)(x), want), 0, 1e-15)
end)

t.test('a bare criterion gives its output and gradient', function()
  local bare = nn.Criterion()
  t.eq({bare:forward(), bare:backward():nElement(), tostring(bare)}, {0, 0, 'nn.Criterion'})
  t.eq(bare:type(), 'torch.DoubleTensor')
  t.eq(bare:float().gradInput:type(), 'torch.FloatTensor')
end)

-- -- Sums -------------------------------------------------------------------------------------------------------

t.test('ParallelCriterion: nested tables, and what is missing', function()
  local inner = nn.ParallelCriterion():add(nn.ClassNLLCriterion()):add(nn.AbsCriterion(), 3)
  local sum = nn.ParallelCriterion():add(nn.MSECriterion()):add(inner, 0.5)
  local input = {torch.randn(4), {torch.randn(2, 3), torch.randn(5)}}
  local target = {torch.randn(4), {torch.LongTensor {3, 1}, torch.randn(5)}}
  local function by_hand()
    return nn.MSECriterion():forward(input[1], target[1]) + 0.5 * (
      nn.ClassNLLCriterion():forward(input[2][1], target[2][1]) +
      3 * nn.AbsCriterion():forward(input[2][2], target[2][2]))
  end
  t.near(sum:forward(input, target), by_hand())
  local g = sum:backward(input, target)
  t.near(gap(g[2][2], torch.sign(input[2][2] - target[2][2]) * (1.5 / 5)), 0, 1e-15)
  t.eq(g[2][1]:size():totable(), {2, 3})
  t.raises('expected tables of 2 inputs and targets, got 1', sum.forward, sum, {input[1]}, target)
  t.raises('expected tables of 2 inputs and targets, got torch.DoubleTensor', sum.forward, sum, input, input[1])
  t.raises('MultiCriterion: expected a criterion, got number', function() nn.MultiCriterion():add(3) end)
end)

t.test('ModuleCriterion: modules on both sides; castTarget', function()
  local criterion = nn.ModuleCriterion(nn.MSECriterion(), nn.Tanh(), nn.MulConstant(2), false)
  local x, y = torch.randn(3), torch.randn(3)
  t.near(criterion:forward(x, y), nn.MSECriterion():forward(torch.tanh(x), y * 2))
  criterion:float()
  t.eq({criterion.targetModule:type(), criterion.inputModule:type()}, {'torch.DoubleTensor', 'torch.FloatTensor'})
  local cast = nn.ModuleCriterion(nn.MSECriterion(), nil, nn.MulConstant(2)):float()
  t.eq(cast.targetModule:type(), 'torch.FloatTensor')
  local print, text = _G.print, nil
  rawset(_G, 'print', function(s) text = s end)
  nn.ModuleCriterion(nn.MSECriterion(), nn.Linear(2, 2))
  rawset(_G, 'print', print)
  assert(text:find('does not update the parameters'), text)
end)

-- -- Targets ----------------------------------------------------------------------------------------------------

t.test('wrong inputs and targets are refused by name', function()
  local function refuses(pattern, criterion, ...) t.raises(pattern, criterion.forward, criterion, ...) end
  local x, two = torch.randn(3, 4), {torch.randn(3), torch.randn(3)}
  refuses('AbsCriterion: input has sizes 3x4, target 3', nn.AbsCriterion(), x, torch.ones(3))
  refuses('SmoothL1Criterion: expected a tensor, got nil', nn.SmoothL1Criterion(), x)
  refuses('L1Cost: expected a tensor, got table', nn.L1Cost(), two)
  refuses('cannot be cropped to an input of 2x3x3', nn.SpatialAutoCropMSECriterion(), torch.ones(2, 3, 3),
          torch.ones(2, 2, 3))
  refuses('SpatialClassNLLCriterion: expected 4 dimensions, got 3x4', nn.SpatialClassNLLCriterion(), x, torch.ones(3))
  refuses('SpatialClassNLLCriterion: expected 4 targets, got 2', nn.SpatialClassNLLCriterion(), torch.randn(1, 3, 2, 2),
          torch.ones(2))
  refuses('target 5 at element 2 is outside 1..4', nn.MultiMarginCriterion(), x, torch.Tensor {1, 5, 1})
  refuses('MultiMarginCriterion: 3 weights for 4 classes', nn.MultiMarginCriterion(1, torch.ones(3)), x, torch.ones(3))
  refuses('target 5 at element 1 is outside 1..4', nn.MultiLabelMarginCriterion(), x, torch.Tensor(3, 4):fill(5))
  refuses('expected 3 numbers for each sample, got 3x4', nn.ClassSimplexCriterion(3), x, torch.Tensor {1, 1, 1})
  refuses('ClassSimplexCriterion: target 5', nn.ClassSimplexCriterion(4), x, torch.Tensor {5, 1, 1})
  refuses('BCECriterion: expected probabilities within 0..1, got %-0.5 to 0.5', nn.BCECriterion(),
          torch.Tensor {-0.5, 0.5}, torch.ones(2))
  refuses('within 0..1, got nan', nn.BCECriterion(), torch.Tensor {0 / 0}, torch.ones(1))
  refuses('BCECriterion: 2 weights for 4 classes', nn.BCECriterion(torch.ones(2)), torch.sigmoid(x), torch.ones(3, 4))
  refuses('DistKLDivCriterion: input has sizes 3x4, target 4x3', nn.DistKLDivCriterion(), x, torch.ones(4, 3))
  refuses('MarginRankingCriterion: expected a table of 2 tensors, got 1', nn.MarginRankingCriterion(), {x}, 1)
  refuses('TripletMarginCriterion: expected a table of 3 tensors, got 2', nn.TripletMarginCriterion(), two)
  refuses('CosineEmbeddingCriterion: expected vectors or matrices, got 1x3x4', nn.CosineEmbeddingCriterion(),
          {x:view(1, 3, 4), x:view(1, 3, 4)}, torch.ones(1))
  refuses('GaussianKLCriterion: expected a table of 2 tensors, got torch.DoubleTensor', nn.GaussianKLCriterion(), x)
  t.raises('expected 1 or 2 for p, got 3', nn.MultiMarginCriterion, 3)
  t.raises('expected 1 or 2 for p, got 0', nn.MarginCriterion, 1, 0)
  t.raises('expected a whole number of classes above 1, got 1', nn.ClassSimplexCriterion, 1)
  t.raises('expected the weights as a vector, got 2x2', nn.ClassNLLCriterion, torch.ones(2, 2))
  t.raises('expected 0 to 1 for labelSmoothing, got 2', nn.CrossEntropyCriterion, nil, true, nil, 2)
end)

t.test('a criterion keeps its numbers where probabilities are 0 and 1', function()
  for _, type in ipairs {'torch.DoubleTensor', 'torch.FloatTensor'} do
    local criterion = nn.BCECriterion(nil, false):type(type)
    local p, y = torch.Tensor {0, 1, 0, 1}:type(type), torch.Tensor {0, 1, 1, 0}:type(type)
    t.near(criterion:forward(p, y), -2 * math.log(1e-12), 1e-5)
    local g = criterion:backward(p, y)
    t.eq({g[1] >= 0, g[2] <= 0}, {true, true})
    assert(g[3] < -1e11 and g[4] > 1e11)
  end
  local soft = nn.MultiLabelSoftMarginCriterion(nil, false)
  t.near(soft:forward(torch.Tensor {1000, -1000}, torch.Tensor {0, 1}), 2000)
  t.eq(soft:backward(torch.Tensor {1000, -1000}, torch.Tensor {0, 1}):totable(), {1, -1})
  local kl = nn.DistKLDivCriterion()
  t.eq(kl:forward(torch.Tensor {-1 / 0, 0}, torch.Tensor {0, 1}), 0)
  local ratio = nn.DistanceRatioCriterion()
  t.eq(ratio:forward {torch.Tensor {1000}, torch.Tensor {0}}, 1000)
end)

t.test('ignored rows may hold anything', function()
  local logp = torch.Tensor {{-1, -2}, {-1 / 0, -1 / 0}}
  for _, criterion in ipairs {nn.ClassNLLCriterion(nil, true, 7), nn.ClassNLLCriterion(torch.ones(2), true, 7)} do
    t.eq(criterion:forward(logp, torch.Tensor {2, 7}), 2)
    t.eq(criterion:backward(logp, torch.Tensor {2, 7}):totable(), {{0, -1}, {0, 0}})
  end
end)

t.test('the corners of the simplex, and the nearest of them', function()
  for n = 2, 6 do
    local criterion = nn.ClassSimplexCriterion(n)
    local corners = criterion.simplex
    local gram = torch.mm(corners, corners:t())
    for i = 1, n do
      for k = 1, n do t.near(gram[i][k], i == k and 1 or -1 / (n - 1), 1e-12) end
    end
    t.eq(criterion:getTopPrediction(corners):totable(), torch.range(1, n):totable())
    t.eq(criterion:getTopPrediction(corners[n])[1], n)
    t.eq(criterion:forward(corners[1], 1), 0)
  end
end)

t.test('hinges lie where the margin says', function()
  local margin = nn.MarginCriterion(0.5)
  t.eq(margin:backward(torch.Tensor {0.4, 0.6}, torch.ones(2)):totable(), {-0.5, 0})
  local cosine = nn.CosineEmbeddingCriterion(0.6)
  local g = cosine:backward({torch.Tensor {1, 0}, torch.Tensor {0.5, math.sqrt(0.75)}}, -1)
  t.eq({g[1]:totable(), g[2]:totable()}, {{0, 0}, {0, 0}})
  local l1 = nn.L1HingeEmbeddingCriterion(1)
  t.eq(l1:forward({torch.Tensor {3}, torch.Tensor {1}}, -1), 0)
  t.eq(l1:forward({torch.Tensor {3}, torch.Tensor {1}}, torch.Tensor {1}), 2)
end)
