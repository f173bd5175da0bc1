--- Second derivatives through ordinary modules: the gradient of a projection of the gradient, by autograd.grad of
-- autograd.grad, against differences of the gradient; by the input and by the parameters.
local t = require 'harness'
local torch = require 'torch'
require 'nn'
local gradients = require 'nn.gradients'
local autograd = require 'autograd'
local F = torch.F

torch.setdefaulttensortype('torch.DoubleTensor')

local modules = {
  Linear = {nn.Linear(4, 3), 5, 4},
  SpatialConvolution = {nn.SpatialConvolution(2, 3, 2, 3, 2, 1, 1, 0), 2, 2, 5, 4},
  SpatialMaxPooling = {nn.SpatialMaxPooling(2, 2, 1, 2), 2, 2, 4, 4},
  SpatialAveragePooling = {nn.SpatialAveragePooling(3, 2, 2, 2, 1, 1):setCountExcludePad(), 2, 2, 4, 5},
  SpatialBatchNormalization = {nn.SpatialBatchNormalization(2), 4, 2, 2, 2},
  ['BatchNormalization, evaluating'] = {nn.BatchNormalization(3), 4, 3},
  Tanh = {nn.Tanh(), 3, 4},
  Sigmoid = {nn.Sigmoid(), 3, 4},
  SoftMax = {nn.SoftMax(), 3, 4},
  LogSoftMax = {nn.LogSoftMax(), 3, 4},
  Concat = {nn.Concat(2):add(nn.Tanh()):add(nn.Sequential():add(nn.Linear(4, 2)):add(nn.Sigmoid())), 3, 4},
  ['a residual block'] = {nn.Sequential():add(nn.ConcatTable():add(nn.Linear(4, 4)):add(nn.Identity()))
    :add(nn.CAddTable(true)):add(nn.Tanh()):add(nn.View(2, 2)):add(nn.ReLU(true)), 3, 4},
}
modules['BatchNormalization, evaluating'][1]:evaluate()

for name, case in pairs(modules) do
  t.test(name, function()
    torch.manualSeed(9)
    local module, x = case[1], torch.randn(unpack(case, 2))
    local v, u = torch.randn(module:forward(x):size()), torch.randn(x:size())

    local function projected()
      local g = autograd.grad(function(a) return F.sum(F.mul(F.square(module:forward(a)), v)) end)(x)
      return F.sum(F.mul(g, u))
    end
    local function value() return projected():item() end

    local all = {x}
    for _, p in ipairs(module:parameters() or {}) do all[#all + 1] = p end
    local grads = autograd.grad(function() return projected() end)(all)
    for i, p in ipairs(all) do t.near(gradients.worst_gap(p, grads[i], value), 0, 1e-7, 'tensor ' .. i) end
  end)
end

t.test('criteria', function()
  local logits, goal = torch.randn(3, 4), torch.LongTensor {2, 4, 1}
  local mse, ce, y = nn.MSECriterion(), nn.CrossEntropyCriterion(torch.Tensor {1, 2, 0.5, 1}), torch.randn(3, 4)
  local u = torch.randn(3, 4)
  local function squares(a) return mse:forward(F.square(a), y) end
  local function entropy(a) return ce:forward(a, goal) end
  for _, loss in ipairs {squares, entropy} do
    local function projected() return F.sum(F.mul(autograd.grad(loss)(logits), u)) end
    local got = autograd.grad(function() return projected() end)(logits)
    t.near(gradients.worst_gap(logits, got, function() return projected():item() end), 0, 1e-7)
  end
end)
