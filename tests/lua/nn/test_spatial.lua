--- Convolution, pooling, upsampling and local normalisation beyond values and gradients: options, fields, what is drawn
-- at random, old files, refusals.
local t = require 'harness'
local torch = require 'torch'
require 'nn'

torch.setdefaulttensortype('torch.DoubleTensor')

local function gap(a, b) return (a - b):abs():max() end
local function sizes(x) return x:size():totable() end

-- -- Convolution ------------------------------------------------------------------------------------------------

t.test('groups are convolutions side by side', function()
  local both, x = nn.Convolution(4, 6, {2, 3}, 1, 1, 1, 2), torch.randn(2, 4, 5, 5)
  local out = both:forward(x)
  for i = 1, 2 do
    local one = nn.Convolution(2, 3, {2, 3}, 1, 1)
    one.weight:copy(both.weight:narrow(1, 3 * i - 2, 3))
    one.bias:copy(both.bias:narrow(1, 3 * i - 2, 3))
    t.near(gap(one:forward(x:narrow(2, 2 * i - 1, 2)), out:narrow(2, 3 * i - 2, 3)), 0, 1e-14)
  end
end)

t.test('each class draws within Torch7\'s bounds', function()
  for _, case in ipairs {
    {nn.SpatialConvolution(3, 400, 2, 5), 30}, {nn.VolumetricConvolution(3, 400, 2, 2, 5), 60},
    {nn.SpatialFullConvolution(400, 3, 2, 5), 4000}, {nn.TemporalConvolution(5, 400, 6), 30},
    {nn.SpatialConvolutionMap(nn.tables.full(4, 200), 2, 5), 40}, {nn.SpatialSubSampling(400, 2, 5), 10},
    {nn.Convolution(8, 400, {7}, 1, 0, 1, 4), 14}, {nn.FullConvolution(400, 3, {7}), 2800},
  } do
    local module, fan = unpack(case)
    local most = module.weight:clone():abs():max()
    assert(most < 1 / math.sqrt(fan) and most > 0.9 / math.sqrt(fan), torch.type(module))
    most = module:reset(2).weight:clone():abs():max()
    assert(most < 2 * math.sqrt(3) and most > 1.8 * math.sqrt(3), torch.type(module))
  end
end)

t.test('a transposed convolution may be told how large its output is', function()
  local m, x, like = nn.SpatialFullConvolution(2, 3, 3, 4, 2, 3, 1, 0), torch.randn(2, 5, 4), torch.randn(1, 17, 8)
  local out = m:forward {x, like}
  t.eq(sizes(out), {3, 17, 8})
  local as_said = nn.SpatialFullConvolution(2, 3, 3, 4, 2, 3, 1, 0, 1, 1)
  as_said.weight:copy(m.weight)
  as_said.bias:copy(m.bias)
  t.near(gap(as_said:forward(x), out), 0)
  local grads = m:backward({x, like}, out)
  t.near(gap(grads[1], as_said:backward(x, out)), 0)
  t.eq(sizes(grads[2]), sizes(like))
  t.eq(grads[2]:storage():size(), 1)
  t.eq(grads[2]:sum(), 0)
end)

t.test('a volume\'s transposed weight of an old file is turned', function()
  local m, x = nn.VolumetricFullConvolution(2, 3, 2, 2, 2, 1, 1, 1, 1, 1, 1), torch.randn(2, 3, 3, 3)
  local want, path = m:forward(x):clone(), os.tmpname()
  m.weight, m.gradWeight = m.weight:transpose(1, 2):contiguous(), m.gradWeight:transpose(1, 2):contiguous()
  m.adjT, m.adjW, m.adjH = nil, nil, nil
  m.pT, m.pW, m.pH, m.padT, m.padW, m.padH = 1, 1, 1, nil, nil, nil
  torch.save(path, m)
  local old = torch.load(path)
  os.remove(path)
  t.near(gap(old:forward(x), want), 0)
  old:backward(x, want)
end)

t.test('tables of connections', function()
  t.eq(nn.tables.full(2, 3):totable(), {{1, 1}, {2, 1}, {1, 2}, {2, 2}, {1, 3}, {2, 3}})
  t.eq(nn.tables.oneToOne(2):totable(), {{1, 1}, {2, 2}})
  local drawn, count = nn.tables.random(6, 4, 3), torch.zeros(6)
  t.eq(drawn:select(2, 2):totable(), {1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4})
  for i = 1, 12 do count[drawn[i][1]] = count[drawn[i][1]] + 1 end
  t.eq(count:totable(), {2, 2, 2, 2, 2, 2})   -- each round takes every plane once
  t.raises('tables.random: 3 of 2 planes', nn.tables.random, 2, 4, 3)
  local m = nn.SpatialConvolutionMap(torch.Tensor {{1, 1}, {1, 1}}, 1, 1)   -- twice the same connection: both count
  m.weight:fill(2)
  m.bias:fill(1)
  t.eq(m:forward(torch.ones(1, 1, 1)):totable(), {{{5}}})
  m:decayParameters(0.5)
  t.eq({m.weight[1][1][1], m.bias[1]}, {1, 0.5})
end)

t.test('planes of the input beyond the table\'s are connected with nothing', function()
  for _, name in ipairs {'SpatialConvolutionMap', 'SpatialFullConvolutionMap'} do
    local m = nn[name](torch.Tensor {{1, 1}, {2, 1}}, 2, 2)
    local image = torch.randn(3, 4, 4)
    local want = m:forward(image:narrow(1, 1, 2)):clone()
    t.eq(m:forward(image):totable(), want:totable())
    local gradient = m:backward(image, want)
    t.eq(gradient:size():totable(), {3, 4, 4})
    t.eq(gradient[3]:norm(), 0)
    t.raises('expected', m.forward, m, image:narrow(1, 1, 1))
  end
end)

t.test('convolutions refuse what does not fit', function()
  t.raises('SpatialConvolution: expected 1xHxW or Nx1xHxW, got 3x3', function()
    nn.SpatialConvolution(1, 1, 2, 2):forward(torch.ones(3, 3))
  end)
  t.raises('expected an input with 3 channels', function()
    nn.SpatialConvolution(3, 1, 2, 2):forward(torch.ones(2, 3, 3))
  end)
  t.raises('adjustment of 2 must be less than the step 2', nn.SpatialFullConvolution, 1, 1, 3, 3, 2, 2, 0, 0, 2)
  t.raises('4 and 3 planes do not fall into 2 groups', nn.Convolution, 4, 3, {2}, 1, 0, 1, 2)
  t.raises('3 and 4 planes do not fall into 2 groups', nn.FullConvolution, 3, 4, {2}, 1, 0, 0, 1, 2)
  t.raises('does not fit into 2x5', nn.SpatialConvolutionLocal, 1, 1, 2, 5, 3, 3)
  t.raises('expected 1x5x4, got 1x4x5', function()
    nn.SpatialConvolutionLocal(1, 1, 4, 5, 3, 3):forward(torch.ones(1, 4, 5))
  end)
  t.raises('expected TxC or NxTxC, got 4', function() nn.TemporalConvolution(4, 1, 1):forward(torch.ones(4)) end)
  t.raises('expected 3 or more frames of 4, got 2x4', function()
    nn.TemporalConvolution(4, 1, 3):forward(torch.ones(2, 4))
  end)
end)

-- -- Pooling ----------------------------------------------------------------------------------------------------

t.test('pooling keeps places and sizes of the input; ceil and floor', function()
  local m = nn.VolumetricMaxPooling(1, 2, 2)
  local out = m:forward(torch.Tensor {{{{1, 5, 2}, {3, 4, 9}}, {{0, 1, 2}, {7, 3, 4}}}})
  t.eq(out:totable(), {{{{5}}, {{7}}}})
  t.eq(m.indices:totable(), {{{{2}}, {{10}}}})
  t.eq({m.itime, m.iheight, m.iwidth}, {2, 2, 3})
  t.eq(sizes(m:ceil():forward(torch.ones(1, 2, 2, 3))), {1, 2, 1, 2})
  t.eq(sizes(m:floor():forward(torch.ones(1, 2, 2, 3))), {1, 2, 1, 1})
  local sequence = nn.TemporalMaxPooling(2)
  t.eq(sequence:forward(torch.Tensor {{1, 8}, {5, 2}, {3, 3}, {4, 0}}):totable(), {{5, 8}, {4, 3}})
  t.eq(sequence.indices:totable(), {{2, 1}, {4, 3}})
  local k = nn.TemporalDynamicKMaxPooling(1, 0.5)
  t.eq(k:forward(torch.Tensor {{1, 8}, {5, 2}, {3, 3}, {4, 9}}):totable(), {{5, 8}, {4, 9}})
  t.eq(k.indices:totable(), {{2, 1}, {4, 4}})
end)

t.test('unpooling puts the greatest back, also after a change of type', function()
  local pool = nn.SpatialMaxPooling(2, 2)
  local back, x = nn.SpatialMaxUnpooling(pool), torch.Tensor {{{1, 5, 2}, {3, 4, 9}, {7, 7, 7}}}
  t.eq(back:forward(pool:forward(x)):totable(), {{{0, 5, 0}, {0, 0, 0}, {0, 0, 0}}})
  t.eq(back:float():forward(torch.FloatTensor {{{2}}}):totable(), {{{0, 2, 0}, {0, 0, 0}, {0, 0, 0}}})
  t.raises('the pooling gave 1x1x1, the input is 1x2x1', function() back:forward(torch.FloatTensor(1, 2, 1)) end)
  t.raises('expected a nn.SpatialMaxPooling, got nn.Tanh', nn.SpatialMaxUnpooling, nn.Tanh())
  t.raises('steps must be as large', nn.SpatialMaxUnpooling, nn.SpatialMaxPooling(2, 2, 1, 1))
end)

t.test('fractional pooling draws anew each time, unless its places are fixed', function()
  torch.manualSeed(3)
  local m, x = nn.SpatialFractionalMaxPooling(2, 2, 5, 5), torch.randn(1, 4, 9, 9)
  m:forward(x)
  local first = m.randomSamples:clone()
  local out = m:forward(x):clone()
  assert(gap(m.randomSamples, first) > 0)
  first:copy(m.randomSamples)
  m:backward(x:clone(), out)   -- another tensor of the same elements: forward runs again, with the same places
  t.near(gap(m.randomSamples, first), 0)
  m:fixPoolingRegions()
  t.near(gap(m:forward(x), out), 0)
  m:clearState()
  t.near(gap(m:forward(x), out), 0)
  m:fixPoolingRegions(false):clearState()
  t.eq(m.randomSamples, nil)
  t.eq(sizes(nn.SpatialFractionalMaxPooling(2, 3, 0.5, 0.6):forward(x)), {1, 4, 5, 4})
  t.raises('windows of 2 or more, got 1', nn.SpatialFractionalMaxPooling, 1, 2, 0.5, 0.5)
  t.raises('all sizes to be 1 or more, or all to be less', nn.SpatialFractionalMaxPooling, 2, 2, 0.5, 5)
  t.raises('or shares of the input\'s, got nil', nn.VolumetricFractionalMaxPooling, 2, 2, 2, 5, 5)
end)

t.test('norms of nothing have no slope', function()
  local m, x = nn.FeatureLPPooling(2, 2, 2), torch.Tensor {0, 0, 3, 4}
  t.eq(m:forward(x):totable(), {0, 5})
  t.near(gap(m:backward(x, torch.ones(2)), torch.Tensor {0, 0, 0.6, 0.8}), 0, 1e-15)
  t.raises('width must be 2 to 16', nn.FeatureLPPooling, 1, 1, 2)
  t.raises('stride must be 1 to 4', nn.FeatureLPPooling, 2, 5, 2)
  t.raises('expected 2 to 4 dimensions, got 4', function()
    nn.FeatureLPPooling(2, 2, 2, true):forward(torch.ones(4))
  end)
end)

-- -- The rest ---------------------------------------------------------------------------------------------------

t.test('upsampling refuses what it cannot do', function()
  t.raises('expected a whole scale of 1 or more, got 1.5', nn.SpatialUpSamplingNearest, 1.5)
  t.raises('expected a whole scale of 1 or more, got 0', nn.UpSampling, 0)
  t.raises('expected owidth and oheight', nn.SpatialUpSamplingBilinear, {owidth = 3})
  t.raises('expected a scale for the mode "nearest"', nn.UpSampling, {owidth = 3, oheight = 3})
  t.raises('there is no size for each of 3 axes', function()
    nn.UpSampling({owidth = 3, oheight = 3}, 'linear'):forward(torch.ones(1, 1, 2, 2, 2))
  end)
  t.raises('multiples of 2, got 1x3x4', function() nn.PixelUnshuffle(2):forward(torch.ones(1, 3, 4)) end)
  t.raises('a table of two amounts for each of one to three axes', nn.ZeroPadding, {1})
end)

t.test('unshuffled pixels are those before the shuffle', function()
  local x = torch.randn(2, 8, 3, 4)
  t.near(gap(nn.PixelUnshuffle(2):forward(nn.PixelShuffle(2):forward(x)), x), 0)
end)

t.test('normalisation: a plane of one value, the kernel\'s scale, refusals', function()
  local flat = torch.ones(2, 6, 5)
  t.near(nn.SpatialSubtractiveNormalization(2):forward(flat):abs():max(), 0, 1e-14)
  local m, zeros = nn.SpatialDivisiveNormalization(2, torch.ones(3), 0.1, 0.5), torch.zeros(2, 6, 5)
  t.near(gap(m:forward(zeros), zeros), 0)
  t.near(gap(m:backward(zeros, flat), flat * 2), 0, 1e-14)   -- divided by 0.5, and not NaN
  local kernel, x = torch.rand(3, 5), torch.randn(2, 6, 5)
  local one, ten = nn.SpatialContrastiveNormalization(2, kernel), nn.SpatialContrastiveNormalization(2, kernel * 10)
  t.near(gap(one:forward(x), ten:forward(x)), 0, 1e-12)
  t.raises('must have odd sizes, got 4', nn.SpatialSubtractiveNormalization, 1, torch.ones(3, 4))
  t.raises('expected a vector or a matrix', nn.SpatialDivisiveNormalization, 1, torch.ones(1, 1, 1))
  t.raises('expected 2 planes, got 3', function() one:forward(torch.ones(3, 6, 5)) end)
end)
