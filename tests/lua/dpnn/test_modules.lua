--- dpnn's other modules and criteria: gradients by differences, and what they compute.
local t = require 'harness'
local torch = require 'torch'
local gradients = require 'nn.gradients'
require 'dpnn'

torch.setdefaulttensortype('torch.DoubleTensor')
torch.manualSeed(3)

-- What is drawn is drawn alike each time.
local function seeded(module, input)
  torch.manualSeed(5)
  return module:forward(input)
end

local function check_gradients(name, module, input, tolerance)
  t.test(name, function() t.near(gradients.of_module(module, input, seeded), 0, tolerance or 1e-7) end)
end

check_gradients('ReverseTable', nn.ReverseTable(), {torch.randn(2, 3), torch.randn(4)})
check_gradients('TotalDropout', nn.TotalDropout(0.3), torch.randn(3, 4))
check_gradients('SpatialRegionDropout', nn.SpatialRegionDropout(0.4), torch.randn(2, 2, 5, 4))
check_gradients('SpatialFeatNormalization', nn.SpatialFeatNormalization(torch.randn(2), torch.rand(2) + 1),
                torch.randn(2, 2, 3, 3))
check_gradients('SimpleColorTransform', nn.SimpleColorTransform(3, torch.rand(3)), torch.randn(2, 3, 2, 2))
check_gradients('PCAColorTransform', nn.PCAColorTransform(3, torch.randn(3, 3), torch.rand(3)), torch.randn(3, 2, 2))
check_gradients('SpatialUniformCrop', nn.SpatialUniformCrop(3), torch.randn(2, 1, 6, 5))
check_gradients('SpatialUniformCrop, scaled', nn.SpatialUniformCrop(3, 4, {0.7, 1.3}), torch.randn(2, 2, 6, 6))
check_gradients('FireModule', nn.FireModule(2, 2, 2, 3, 'Tanh'), torch.randn(1, 2, 4, 4), 1e-6)
check_gradients('Inception', nn.Inception {inputSize = 2, outputSize = {2, 1}, reduceSize = {2, 1, 2, 1},
                                           transfer = nn.Tanh(), pool = nn.SpatialAveragePooling(3, 3, 1, 1, 1, 1)},
                torch.randn(2, 2, 5, 5), 1e-6)

-- Only the images have a gradient.
local function check_glimpse(name, module, images, locations)
  t.test(name, function()
    local v = torch.randn(module:forward {images, locations}:size())
    local function f() return torch.dot(module:forward {images, locations}, v) end
    f()
    local g = module:backward({images, locations}, v)
    t.near(gradients.worst_gap(images, g[1]:clone(), f), 0, 1e-7)
    t.eq(g[2]:abs():max(), 0)
  end)
end

check_glimpse('SpatialGlimpse', nn.SpatialGlimpse(2, 3), torch.randn(2, 2, 7, 6), torch.Tensor {{0.1, -0.4}, {-1, 1}})
check_glimpse('SpatialGlimpse of another scale', nn.SpatialGlimpse({3, 2}, 2, 1.5), torch.randn(2, 1, 7, 6),
              torch.Tensor {{0.3, -0.9}, {0, 0}})

t.test('a glimpse has what lies around the location, and less of it in each scale', function()
  local image = torch.range(1, 36):view(1, 6, 6)
  local out = nn.SpatialGlimpse(2, 2):forward {image, torch.Tensor {0, 0}}
  t.eq(out:size():totable(), {2, 2, 2})
  t.eq(out[1]:contiguous():view(-1):totable(), {15, 16, 21, 22})
  t.eq(out[2]:contiguous():view(-1):totable(), {11.5, 13.5, 23.5, 25.5})
end)

t.test('evaluating, images are cropped in the middle and colours stay', function()
  local x = torch.range(1, 16):view(1, 4, 4)
  local crop = nn.SpatialUniformCrop(2)
  crop:evaluate()
  t.eq(crop:forward(x):contiguous():view(-1):totable(), {6, 7, 10, 11})
  local colour = nn.SimpleColorTransform(1, torch.ones(1))
  colour:evaluate()
  t.eq((colour:forward(x) - x):abs():max(), 0)
end)

t.test('ArgMax gives places', function()
  local x = torch.Tensor {{1, 5, 2}, {7, 0, 1}}
  t.eq(nn.ArgMax(1, 1):forward(x):totable(), {2, 1})
  t.eq(nn.ArgMax(1, 1):forward(x):type(), 'torch.LongTensor')
  t.eq(nn.ArgMax(1, 9, false):forward(x):totable(), {2, 1, 1})
  t.eq(nn.ArgMax(1, 1):backward(x, torch.LongTensor(2)):abs():max(), 0)
end)

t.test('Clip bounds, and lets gradients pass', function()
  local m, x = nn.Clip(0, 1), torch.Tensor {-2, 0.5, 3}
  t.eq(m:forward(x):totable(), {0, 0.5, 1})
  t.eq(m:backward(x, torch.Tensor {1, 2, 3}):totable(), {1, 2, 3})
end)

t.test('CategoricalEntropy adds the slope of the entropy', function()
  local m, x = nn.CategoricalEntropy(0.3), nn.SoftMax():forward(torch.randn(4, 3))
  local total = x:sum()
  local function loss()   -- the sum is held fixed
    local p = x:sum(1):div(total)
    return 0.3 * torch.cmul(p, torch.log(p + 1e-6)):sum() / 4
  end
  t.eq((m:forward(x) - x):abs():max(), 0)
  t.near(gradients.worst_gap(x, m:backward(x, torch.zeros(4, 3)):clone(), loss), 0, 1e-7)
  m.minEntropy = 0
  t.eq(m:backward(x, torch.zeros(4, 3)):abs():max(), 0)
end)

t.test('SpatialBinaryConvolution uses signs and mean lengths', function()
  local m, x = nn.SpatialBinaryConvolution(2, 3, 2, 2), torch.randn(2, 2, 4, 4)
  local weight = m.weight:clone()
  local plain = nn.SpatialConvolution(2, 3, 2, 2):noBias()
  plain.weight:copy(torch.sign(weight))
  local by_output = torch.abs(weight:view(3, -1)):mean(2):view(1, 3, 1, 1)
  local want = torch.cmul(plain:forward(x), by_output:expand(2, 3, 3, 3))
  t.near((m:forward(x) - want):abs():max(), 0)
  t.eq((m.weight - weight):abs():max(), 0)
  local g = torch.randn(2, 3, 3, 3)
  plain:zeroGradParameters()
  m:zeroGradParameters()
  local by_input = torch.abs(weight:transpose(1, 2):contiguous():view(2, -1)):mean(2):view(1, 2, 1, 1)
  local grad = torch.cmul(plain:backward(x, g), by_input:expand(2, 2, 4, 4))
  t.near((m:backward(x, g) - grad):abs():max(), 0)
end)

for name, case in pairs {
  BinaryLogisticRegression = {nn.BinaryLogisticRegression(), torch.randn(5), torch.randn(5):sign()},
  ['BinaryLogisticRegression, sum'] = {nn.BinaryLogisticRegression(false), torch.randn(5, 1), torch.randn(5):sign()},
  SpatialBinaryLogisticRegression = {nn.SpatialBinaryLogisticRegression(), torch.randn(2, 1, 3, 2),
                                     torch.randn(2, 1, 3, 2):sign()},
} do
  t.test(name, function()
    t.near(gradients.of_criterion(unpack(case)), 0, 1e-7)
    local scores, sum = torch.cmul(case[2]:contiguous():view(-1), case[3]:contiguous():view(-1)), 0
    scores:apply(function(s) sum = sum + math.log(1 + math.exp(-s)) end)
    local share = name:match('sum') and 1 or name:match('Spatial') and 24 or 5
    t.near(case[1]:forward(case[2], case[3]), sum / share)
  end)
end

-- The loss by the input and the parameters, with the same noise each time.
local function check_nce(batchnoise)
  local module, criterion = nn.NCEModule(3, 6, 4, torch.Tensor {1, 2, 3, 4, 5, 6}, 2.5), nn.NCECriterion()
  module.batchnoise = batchnoise
  local x, target = torch.randn(2, 3), torch.LongTensor {2, 6}
  local function f() return criterion:forward(seeded(module, {x, target}), target) end
  f()
  module:zeroGradParameters()
  local g = module:backward({x, target}, criterion:backward(module.output, target))
  t.near(gradients.worst_gap(x, g[1]:clone(), f), 0, 1e-5)
  t.near(gradients.worst_gap(module.weight, module.gradWeight, f), 0, 1e-5)
  t.near(gradients.worst_gap(module.bias, module.gradBias, f), 0, 1e-5)
  module:evaluate()
  module.normalized = true
  t.near((module:forward {x, target}:sum(2) - 1):abs():max(), 0)
end

t.test('NCEModule finds its normaliser with the first batch', function()
  for _, batchnoise in ipairs {true, false} do
    local module, x = nn.NCEModule(3, 6, 4, torch.Tensor {1, 2, 3, 4, 5, 6}), torch.randn(2, 3)
    module.batchnoise = batchnoise
    local target = torch.LongTensor {2, 6}
    t.eq(module.Z[1], -1)
    module:forward {x, target}
    local z = module.Z[1]
    t.ok(z > 0)
    module:forward {x, target}
    t.eq(module.Z[1], z)
  end
end)

t.test('NCEModule, noise for the batch', function() check_nce(true) end)
t.test('NCEModule, noise for each sample', function() check_nce(false) end)

t.test('AliasMultinomial draws by weight', function()
  local draws = torch.AliasMultinomial(torch.Tensor {0.1, 0.2, 0.7}):batchdraw(torch.LongTensor(20000))
  for place, p in ipairs {0.1, 0.2, 0.7} do t.near(draws:eq(place):sum() / 20000, p, 0.02) end
end)

t.test('wrong arguments are named', function()
  t.raises('expected a table', nn.ReverseTable().forward, nn.ReverseTable(), torch.ones(2))
  t.raises('TotalDropout: expected a probability', nn.TotalDropout, 1)
  t.raises('Inception: outputSize is missing', nn.Inception, {inputSize = 2})
  t.raises('of 4x4 or more', nn.SpatialUniformCrop(4).forward, nn.SpatialUniformCrop(4), torch.ones(1, 3, 9))
  t.raises('expected a vector of 3 ranges', nn.SimpleColorTransform, 3, torch.ones(2))
end)
