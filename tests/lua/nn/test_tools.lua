--- nn.Jacobian, nn.SparseJacobian, nn.hessian, nn.StochasticGradient, nn.utils.
local t = require 'harness'
local torch = require 'torch'
require 'nn'

torch.setdefaulttensortype('torch.DoubleTensor')

local jacobian = nn.Jacobian

-- A linear module whose backward is wrong by a factor.
local function wrong(factor)
  local m = nn.Linear(3, 2)
  local updateGradInput, accGradParameters = m.updateGradInput, m.accGradParameters
  m.updateGradInput = function(self, x, g) return updateGradInput(self, x, g * factor) end
  m.accGradParameters = function(self, x, g, scale) return accGradParameters(self, x, g * factor, scale) end
  return m
end

t.test('Jacobian passes what is right and finds what is wrong', function()
  torch.manualSeed(2)
  for factor = 1, 2 do
    local m, x = wrong(factor), torch.Tensor(4, 3)
    local errors = {
      jacobian.testJacobian(m, x), jacobian.testJacobianParameters(m, x, m.weight, m.gradWeight),
      jacobian.testJacobianParameters(m, x, m.bias, m.gradBias), jacobian.testJacobianUpdateParameters(m, x, m.weight),
    }
    for _, e in ipairs(errors) do assert((e < 1e-7) == (factor == 1), e) end
  end
end)

t.test('Jacobian: rows for inputs, columns for outputs', function()
  local m = nn.Linear(3, 2)
  local x = torch.randn(3)
  t.eq(jacobian.backward(m, x):totable(), m.weight:t():totable())
  t.near((jacobian.forward(m, x) - m.weight:t()):abs():max(), 0, 1e-8)
end)

t.test('Jacobian.testAllUpdate: every way to make a step', function()
  torch.manualSeed(3)
  local found = jacobian.testAllUpdate(nn.Linear(3, 2), torch.randn(4, 3), 'weight', 'gradWeight')
  local names = {}
  for name, e in pairs(found) do
    names[#names + 1] = name
    t.near(e, 0, 1e-12, name)
  end
  table.sort(names)
  t.eq(names, {'accGradParameters', 'accGradParameters [shared]', 'accUpdateGradParameters',
               'accUpdateGradParameters [shared]'})
end)

t.test('Jacobian.testIO: a module that forgets a field is found', function()
  local x = torch.randn(4, 3)
  t.eq({jacobian.testIO(nn.Linear(3, 2), x)}, {0, 0})
  local Forgetful, parent = torch.class('nn.TestForgetful', 'nn.Linear')
  function Forgetful:write(file)
    local bias = self.bias
    self.bias = bias:clone():zero()
    parent.write(self, file)
    self.bias = bias
  end
  assert(jacobian.testIO(nn.TestForgetful(3, 2), x) > 0.01)
end)

t.test('SparseJacobian varies the values alone', function()
  local m = nn.Sequential():add(nn.Select(2, 2)):add(nn.Linear(3, 2))
  local x = torch.Tensor {{1, 0.5}, {4, 0.25}, {2, -1}}
  t.near(nn.SparseJacobian.testJacobian(m, x), 0, 1e-7)
  t.eq(x:select(2, 1):totable(), {1, 4, 2})
  t.eq(nn.SparseJacobian.backward(m, x):size():totable(), {3, 2})
end)

t.test('hessian: the diagonal, exact for linear modules', function()
  nn.hessian.enable()
  nn.hessian.enable()
  torch.manualSeed(4)
  for _, case in ipairs {{nn.Linear(3, 2), torch.Tensor(4, 3)},
                         {nn.SpatialConvolution(2, 3, 2, 2), torch.Tensor(2, 2, 3, 3)}} do
    t.near(jacobian.testDiagHessianInput(case[1], case[2]), 0, 1e-10)
    t.near(jacobian.testDiagHessianWeight(case[1], case[2]), 0, 1e-10)
    t.near(jacobian.testDiagHessianBias(case[1], case[2]), 0, 1e-10)
  end
end)

t.test('hessian: back through a net, with its diagonal as a third vector', function()
  nn.hessian.enable()
  local net = nn.Sequential():add(nn.Linear(3, 4)):add(nn.Tanh()):add(nn.Reshape(2, 2)):add(nn.Reshape(4))
    :add(nn.Linear(4, 1))
  local x = torch.randn(5, 3)
  net:initDiagHessianParameters()
  local parameters, grads, diagonal = net:getParameters()
  t.eq({diagonal:nElement(), grads:nElement()}, {parameters:nElement(), parameters:nElement()})
  diagonal:zero()
  net:forward(x)
  local h = torch.ones(5, 1)
  local found = net:updateDiagHessianInput(x, h):clone()
  net:accDiagHessianParameters(x, h)
  -- by hand: h wᵀ², times tanh′², by the first layer's weights squared
  local y = net:get(2).output
  local slope = (y:clone():pow(2) * -1 + 1):pow(2)
  local hidden = torch.cmul(torch.mm(h, torch.pow(net:get(5).weight, 2)), slope)
  t.near((found - torch.mm(hidden, torch.pow(net:get(1).weight, 2))):abs():max(), 0, 1e-12)
  t.near((net:get(1).diagHessianWeight - torch.mm(hidden:t(), torch.pow(x, 2))):abs():max(), 0, 1e-12)
  t.near((net:get(5).diagHessianBias - 5):abs():max(), 0, 1e-12)
  t.raises('nn.SoftMax: it has no updateDiagHessianInput', function() nn.SoftMax():updateDiagHessianInput(x, x) end)
end)

t.test('StochasticGradient learns, calls its hooks and stops', function()
  torch.manualSeed(5)
  local data, want = {}, torch.Tensor {2, -1}
  for i = 1, 20 do
    local x = torch.randn(2)
    data[i] = {x, torch.Tensor {x:dot(want)}}
  end
  function data.size() return 20 end
  local net, seen, losses = nn.Linear(2, 1), 0, {}
  local trainer = nn.StochasticGradient(net, nn.MSECriterion())
  trainer.learningRate, trainer.maxIteration, trainer.learningRateDecay = 0.05, 12, 0.01
  function trainer.hookExample() seen = seen + 1 end
  function trainer.hookIteration(_, i, loss) losses[i] = loss end
  local lines, print = {}, _G.print
  rawset(_G, 'print', function(line) lines[#lines + 1] = line end)
  trainer:train(data)
  assert(losses[12] < 0.01 * losses[1], losses[12])
  trainer.verbose, trainer.shuffleIndices, trainer.maxIteration = false, false, 1
  trainer:train(data)
  rawset(_G, 'print', print)
  t.eq({seen, #lines}, {260, 16})
  t.near((net.weight:view(2) - want):abs():max(), 0, 0.05)
end)

t.test('utils: nested tables', function()
  local utils = nn.utils
  local x = {torch.ones(2), {torch.ones(3)}}
  t.eq(utils.recursiveFill({torch.ones(2), {torch.ones(1)}}, 5)[2][1]:totable(), {5})
  utils.recursiveAdd(x, 2, x)
  t.eq(x[2][1]:totable(), {3, 3, 3})
  local to = utils.recursiveCopy(nil, x)
  t.eq(to[1]:totable(), {3, 3})
  t.eq(utils.recursiveResizeAs({}, x)[2][1]:nElement(), 3)
  t.raises('expected tensors, or tables of them, got number', utils.recursiveFill, 3, 3)
  t.eq(utils.addSingletonDimension(torch.ones(2, 3)):size():totable(), {1, 2, 3})
  local view = torch.Tensor()
  t.eq(utils.addSingletonDimension(view, torch.ones(2), 2) == view and view:size():totable(), {2, 1})
  t.raises('outside', utils.addSingletonDimension, torch.ones(2), 4)
end)
