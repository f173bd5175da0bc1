--- Every row of nn/rows.lua: the gradients by input and parameters against differences of the output, and the second
-- derivatives, by autograd.grad of autograd.grad, against differences of the gradient.
local t = require 'harness'
local torch = require 'torch'
require 'nn'
local autograd = require 'autograd'
local gradients = require 'nn.gradients'
local rows = require 'nn.rows'
local F = torch.F

torch.setdefaulttensortype('torch.DoubleTensor')

-- -- Every class has a row --------------------------------------------------------------------------------------

local families = {
  'Sequential', 'Concat', 'DepthConcat', 'ConcatTable', 'Parallel', 'ParallelTable', 'MapTable', 'Decorator', 'Bottle',
  'DontCast', 'GPU', 'NaN', 'Profile', 'passing', 'rectifiers', 'activations', 'pointwise', 'shapes', 'slices',
  'reductions', 'padding', 'constants', 'Normalize', 'Copy', 'Dropout', 'WhiteNoise', 'CAddTable', 'tablemath',
  'tableshapes', 'SplitTable', 'JoinTable', 'MixtureTable', 'products', 'CriterionTable', 'composites', 'Convert',
  'Linear', 'affine', 'Bilinear', 'PartialLinear', 'LinearWeightNorm', 'WeightNorm', 'templates', 'LookupTable',
  'EmbeddingBag', 'SparseLinear', 'Kmeans', 'AdaptiveLogSoftMax', 'BatchNormalization', 'norms', 'selfgated',
  'convolution', 'fullconvolution', 'maps', 'pooling', 'otherpooling', 'unpooling', 'temporal', 'upsampling',
  'localnorms', 'recurrent', 'attention', 'positions', 'transformer',
}

t.test('every class of these files has a row', function()
  local has = {}
  for _, row in ipairs(rows.list) do has[row.class] = true end
  local count = 0
  for _, file in ipairs(families) do
    local made = require('nn.' .. file)
    for _, class in pairs(made.__typename and {made} or made) do
      count = count + 1
      assert(has[class.__typename:match('[^%.]+$')], class.__typename .. ' has no row in tests/lua/nn/rows')
    end
  end
  assert(count > 100, 'only ' .. count .. ' classes')
end)

-- -- Order 1 ----------------------------------------------------------------------------------------------------

for _, row in ipairs(rows.list) do
  if not row.bent and not row.number then
    t.test(row.name .. ': gradients', function()
      local module, input = rows.make(row)
      input = rows.map(input, function(x) return x:contiguous() end)
      local function forward(m, x) return rows.forward(row, m, x) end
      torch.manualSeed(5)
      t.near(rows.quietly(row, gradients.of_module, module, input, forward), 0, 3e-8)
    end)
  end
end

-- -- Order 2 ----------------------------------------------------------------------------------------------------

-- Σ v·y² of all tensors of the output
local function loss_of(out, v)
  local sum
  for i, y in ipairs(rows.tensors(out)) do
    local term = F.sum(F.mul(F.square(y), v[i]))
    sum = sum and F.add(sum, term) or term
  end
  return sum
end

local function random_like(list)
  local out = {}
  for i, x in ipairs(list) do out[i] = torch.randn(x:size()) end
  return out
end

local function check_order_2(row)
  local module, input = rows.make(row)
  input = rows.map(input, function(x) return x:contiguous() end)
  local xs = rows.tensors(input)
  torch.manualSeed(9)
  local v, u = random_like(rows.tensors(rows.forward(row, module, input))), random_like(xs)

  -- the gradient's projection on u; list stands for the tensors of the input, in their order
  local function projected()
    local grads = autograd.grad(function(list)
      local at = 0
      local function replace(x)
        if #rows.tensors(x) == 0 then return x end
        at = at + 1
        return list[at]
      end
      return loss_of(rows.forward(row, module, rows.map(input, replace)), v)
    end)(xs)
    local sum
    for i, g in ipairs(grads) do
      local term = F.sum(F.mul(g, u[i]))
      sum = sum and F.add(sum, term) or term
    end
    return sum
  end

  local all, seen = {}, {}
  for _, list in ipairs {xs, not row.alone and module:parameters() or {}} do
    for _, x in ipairs(list) do
      if not seen[x] then seen[x], all[#all + 1] = true, x end
    end
  end
  local grads = autograd.grad(function() return projected() end)(all)
  for i, p in ipairs(all) do
    t.near(gradients.worst_gap(p, grads[i], function() return projected():item() end), 0, 2e-7, 'tensor ' .. i)
  end
end

for _, row in ipairs(rows.list) do
  local _, input = rows.make(row)
  if #rows.tensors(input) > 0 and not row.number and not row.bent then
    t.test(row.name .. ': second derivatives', function() rows.quietly(row, check_order_2, row) end)
  end
end
