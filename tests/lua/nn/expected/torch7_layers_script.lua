--- Writes torch7_layers.t7: modules and criteria whose files Torch7 writes in ways of its own, as they are after a
-- step, each with an input and what it gives for it; criteria with a target, too. To be run with Torch7 and its nn:
--   luajit torch7_layers_script.lua torch7_layers.t7
local torch = require 'torch'
require 'nn'

torch.setdefaulttensortype('torch.DoubleTensor')
torch.manualSeed(7)

local x = torch.Tensor {{0.5, -1, 2}, {1.5, 0.25, -0.75}}
local modules = {
  {nn.WeightNorm(nn.Linear(3, 2)), x},
  {nn.LinearWeightNorm(3, 2), x},
  {nn.LookupTable(4, 2, 3), torch.IntTensor {{3, 1}, {2, 4}}},
  {nn.PartialLinear(3, 4), x},
  {nn.SparseLinear(4, 2), {torch.Tensor {{2, 0.5}, {4, -1}}, torch.Tensor {{1, 2}}}},
  {nn.IndexLinear(4, 2),
   {{torch.LongTensor {2, 4}, torch.LongTensor {1}}, {torch.Tensor {0.5, -1}, torch.Tensor {2}}}},
  {nn.BatchNormalization(3), x},
  {nn.CMul(1, 3), x},
}
modules[4][1]:setPartition(torch.Tensor {4, 1})
modules[6][1]:reset()

local criteria = {
  {nn.CrossEntropyCriterion(torch.Tensor {1, 2, 0.5}), x, torch.LongTensor {3, 1}},
  {nn.ParallelCriterion(true):add(nn.MSECriterion(), 0.5):add(nn.AbsCriterion()), {x, x * 2}, x * 3},
  {nn.ModuleCriterion(nn.MultiCriterion():add(nn.SmoothL1Criterion()):add(nn.MSECriterion(), 2), nn.Tanh()), x, x * 3},
  {nn.CosineEmbeddingCriterion(0.2), {x, x * 2}, torch.Tensor {1, -1}},
  {nn.ClassSimplexCriterion(3), x, torch.LongTensor {3, 1}},
}

local entries = {}
for i, case in ipairs(modules) do
  local module, input = case[1], case[2]
  module:training()
  module:backward(input, module:forward(input):clone())
  module:updateParameters(0.1)
  entries[i] = {module, input, module:forward(input):clone()}
end
for _, case in ipairs(criteria) do
  local criterion, input, target = unpack(case)
  criterion:forward(input, target)
  criterion:backward(input, target)
  entries[#entries + 1] = {criterion, input, criterion:forward(input, target), target}
end
torch.save(arg[1], entries)
