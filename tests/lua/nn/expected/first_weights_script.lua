--- Writes first_weights.lua: for modules made after torch.manualSeed(7), the scalar products of each parameter with the
-- waves 71 and 72 (see modules.py). To be run with Torch7 and its nn:
--   luajit first_weights_script.lua > first_weights.lua
local torch = require 'torch'
require 'nn'

torch.setdefaulttensortype('torch.DoubleTensor')

local modules = {
  'nn.Linear(4, 3)', 'nn.Linear(4, 3):reset(0.3)', 'nn.Add(4)', 'nn.Add(4, true)', 'nn.Mul()', 'nn.CAdd(2, 3)',
  'nn.CMul(2, 3)', 'nn.Bilinear(3, 4, 2)', 'nn.Bilinear(3, 4, 2, false)', 'nn.LinearWeightNorm(4, 3)',
  'nn.WeightNorm(nn.Linear(4, 3))', 'nn.PartialLinear(3, 5)', 'nn.SparseLinear(5, 2)', 'nn.Cosine(4, 3)',
  'nn.Euclidean(3, 4)', 'nn.WeightedEuclidean(3, 4)', 'nn.LookupTable(6, 2)', 'nn.Kmeans(3, 2)',
  'nn.BatchNormalization(3)',
}

local function product(x, k)
  local sum = 0
  for i, v in ipairs(x:contiguous():view(x:nElement()):totable()) do
    sum = sum + v * 1.3 * math.sin(0.7 * (i - 1) + k)
  end
  return sum
end

print('-- Written by first_weights_script.lua; see there.\nreturn {')
for _, expression in ipairs(modules) do
  torch.manualSeed(7)
  local values = {}
  for _, p in ipairs(loadstring('return ' .. expression)():parameters()) do
    values[#values + 1] = ('{%.14g, %.14g}'):format(product(p, 71), product(p, 72))
  end
  print(("  ['%s'] = {\n    %s},"):format(expression, table.concat(values, ',\n    ')))
end
print('}')
