--- Rows (see nn/rows.lua) of modules with parameters, of normalisation, and of activations from after Torch7.
local evaluating = require('nn.rows.help').evaluating

local function pair(x) return {x(5, 3), x(5, 4)} end
local places = torch.LongTensor {{3, 1, 6}, {6, 6, 2}}
local function constant(t) return function() return t end end
local sparse = {torch.Tensor {{2, 0.5}, {5, -1}}, torch.Tensor {{1, 2}}, torch.Tensor {{5, 0.3}, {3, 1.5}, {2, 1}}}
local function bags() return {torch.LongTensor {3, 1, 6, 6, 2}, torch.LongTensor {1, 3, 3}} end
local function targets(x) return {x(5, 8), torch.LongTensor {1, 12, 3, 7, 4}} end

local function partial(...)
  local args = {...}
  return function()
    local module = nn.PartialLinear(unpack(args))
    module:setPartition(torch.LongTensor {4, 1, 3})
    return module
  end
end

local function tracking()
  local module = nn.InstanceNorm(3, 1e-3, 0.1, true, true)
  module.running_mean:copy(torch.Tensor {0.5, -1, 0.2})
  module.running_var:copy(torch.Tensor {0.5, 2, 1.5})
  module:evaluate()
  return module
end

return {
  Linear = {function() return nn.Linear(4, 3) end, {5, 4}, text = 'nn.Linear(4 -> 3)'},
  ['Linear, a vector'] = {function() return nn.Linear(4, 3) end, {4}},
  ['Linear, no bias'] = {function() return nn.Linear(4, 3, false) end, {5, 4}, text = 'nn.Linear(4 -> 3) without bias'},
  ['Linear, no bias, a vector'] = {function() return nn.Linear(4, 3):noBias() end, {4}},
  Add = {function() return nn.Add(4) end, {3, 4}},
  ['Add, one sample'] = {function() return nn.Add(4) end, {4}},
  ['Add, sizes'] = {function() return nn.Add(torch.LongStorage {2, 3}) end, {4, 2, 3}},
  ['Add, scalar'] = {function() return nn.Add(1, true) end, {3, 4}},
  Mul = {nn.Mul, {3, 4}},
  CAdd = {function() return nn.CAdd(2, 3) end, {4, 2, 3}},
  ['CAdd, one sample'] = {function() return nn.CAdd(6) end, {2, 3}},
  ['CAdd, spread'] = {function() return nn.CAdd(torch.LongStorage {1, 3, 1}) end, {3, 3, 3}},
  CMul = {function() return nn.CMul(2, 3) end, {4, 2, 3}},
  ['CMul, one sample'] = {function() return nn.CMul(6) end, {2, 3}},
  ['CMul, spread'] = {function() return nn.CMul(torch.LongStorage {1, 3, 1}) end, {3, 3, 3}},
  Bilinear = {function() return nn.Bilinear(3, 4, 2) end, pair, text = 'nn.Bilinear(3x4 -> 2) '},
  ['Bilinear, no bias'] = {function() return nn.Bilinear(3, 4, 2, false) end, pair,
                           text = 'nn.Bilinear(3x4 -> 2)  without bias'},
  PartialLinear = {partial(3, 5), {4, 3}, text = 'nn.PartialLinear(3 -> 5)'},
  ['PartialLinear, no bias'] = {partial(3, 5, false), {4, 3}, text = 'nn.PartialLinear(3 -> 5) without bias'},
  LinearWeightNorm = {function() return nn.LinearWeightNorm(4, 3) end, {5, 4}, text = 'nn.LinearWeightNorm(4 -> 3)'},
  ['LinearWeightNorm, no bias'] = {function() return nn.LinearWeightNorm(4, 3, false) end, {4},
                                   text = 'nn.LinearWeightNorm(4 -> 3) without bias'},
  WeightNorm = {function() return nn.WeightNorm(nn.Linear(4, 3)) end, {5, 4},
                text = 'nn.WeightNorm @ nn.Linear(4 -> 3)'},
  ['WeightNorm, convolution'] = {
    function() return nn.WeightNorm(nn.SpatialConvolution(2, 3, 2, 2), 2) end, {2, 2, 3, 4}},
  SpectralNorm = {evaluating(function() return nn.SpectralNorm(nn.Linear(4, 3)) end), {5, 4},
                  alone = 'its vectors are drawn'},
  Cosine = {function() return nn.Cosine(4, 3) end, {5, 4}},
  ['Cosine, a vector'] = {function() return nn.Cosine(4, 3) end, {4}},
  Euclidean = {function() return nn.Euclidean(3, 4) end, {4, 3}},
  ['Euclidean, a vector'] = {function() return nn.Euclidean(3, 4) end, {3}},
  WeightedEuclidean = {function() return nn.WeightedEuclidean(3, 4) end, {4, 3}},
  ['WeightedEuclidean, a vector'] = {function() return nn.WeightedEuclidean(3, 4) end, {3}},

  LookupTable = {function() return nn.LookupTable(6, 2) end, constant(places)},
  ['LookupTable, a vector'] = {function() return nn.LookupTable(6, 2) end, constant(torch.IntTensor {4, 4, 1})},
  ['LookupTable, padding'] = {function() return nn.LookupTable(6, 2, 6) end, constant(places),
                              bent = 'the padding has no gradient'},
  ['LookupTable, by frequency'] = {function() return nn.LookupTable(6, 2):scaleGradByFreq() end, constant(places),
                                   bent = 'the gradient is divided by how often a row occurs'},
  ['LookupTable, shortened'] = {function() return nn.LookupTable(6, 2, 0, 0.5) end, constant(places),
                                bent = 'the rows are changed first', alone = 'so the order of calls counts'},
  EmbeddingBag = {function() return nn.EmbeddingBag(6, 2) end, constant(places)},
  ['EmbeddingBag, sum'] = {function() return nn.EmbeddingBag(6, 2, 'sum') end, constant(bags())},
  ['EmbeddingBag, mean'] = {function() return nn.EmbeddingBag(6, 2, 'mean') end, constant(bags())},
  ['EmbeddingBag, max'] = {function() return nn.EmbeddingBag(6, 2, 'max') end, constant(bags())},
  ['EmbeddingBag, max of a matrix'] = {function() return nn.EmbeddingBag(6, 2, 'max') end, constant(places)},
  BagPooling = {function() return nn.BagPooling('mean') end, {2, 3, 4}},
  ['BagPooling, max'] = {function() return nn.BagPooling('max') end, {2, 3, 4}},
  SparseLinear = {function() return nn.SparseLinear(5, 2) end, constant(sparse), bent = 'places are not varied'},
  ['SparseLinear, one sample'] = {function() return nn.SparseLinear(5, 2) end, constant(sparse[3]), bent = 'as above'},
  Kmeans = {function() return nn.Kmeans(3, 2) end, {5, 2}, bent = 'the output is places', alone = 'so it has no slope'},
  AdaptiveLogSoftMax = {function() return nn.AdaptiveLogSoftMax(8, 12, {3, 6}, 2) end, targets,
                        text = 'nn.AdaptiveLogSoftMax(8 -> 12: 3, 6, 12)'},
  ['AdaptiveLogSoftMax, all classes'] = {
    function() return nn.AdaptiveLogSoftMax(8, 12, {3, 6}, 2, true) end, {3, 8}},

  BatchNormalization = {function() return nn.BatchNormalization(3, 1e-3) end, {5, 3},
                        text = 'nn.BatchNormalization (2D) (3)'},
  ['BatchNormalization, evaluating'] = {evaluating(nn.BatchNormalization, 3), {5, 3}},
  ['BatchNormalization, one sample'] = {evaluating(nn.BatchNormalization, 3, 1e-3, 0.1, false), {3}},
  SpatialBatchNormalization = {function() return nn.SpatialBatchNormalization(2) end, {3, 2, 2, 2},
                               text = 'nn.SpatialBatchNormalization (4D) (2)'},
  VolumetricBatchNormalization = {function() return nn.VolumetricBatchNormalization(2) end, {2, 2, 2, 1, 3},
                                  text = 'nn.VolumetricBatchNormalization (5D) (2)'},
  LayerNorm = {function() return nn.LayerNorm({3, 4}, 1e-3) end, {2, 3, 4}, text = 'nn.LayerNorm(3x4)'},
  ['LayerNorm, plain'] = {function() return nn.LayerNorm(4, 1e-3, false) end, {2, 3, 4}},
  GroupNorm = {function() return nn.GroupNorm(2, 4, 1e-3) end, {3, 4, 2, 2}, text = 'nn.GroupNorm(2, 4)'},
  ['GroupNorm, one dimension'] = {function() return nn.GroupNorm(2, 4, 1e-3) end, {2, 4, 3}},
  ['GroupNorm, three dimensions'] = {function() return nn.GroupNorm(1, 2, 1e-3) end, {2, 2, 2, 1, 3}},
  ['GroupNorm, plain'] = {function() return nn.GroupNorm(2, 6, 1e-3, false) end, {3, 6}},
  InstanceNorm = {function() return nn.InstanceNorm(3, 1e-3) end, {2, 3, 2, 2}, text = 'nn.InstanceNorm(3)'},
  ['InstanceNorm, one dimension'] = {function() return nn.InstanceNorm(3, 1e-3, 0.1, false) end, {2, 3, 4}},
  ['InstanceNorm, three dimensions'] = {function() return nn.InstanceNorm(2, 1e-3) end, {2, 2, 2, 1, 3}},
  ['InstanceNorm, evaluating'] = {tracking, {2, 3, 2, 2}},
  ['InstanceNorm, tracking'] = {function() return nn.InstanceNorm(3, 1e-3, 0.1, true, true) end, {2, 3, 2, 2}},

  GELU = {nn.GELU, {3, 4}},
  ['GELU, tanh'] = {function() return nn.GELU('tanh') end, {3, 4}},
  Swish = {function() return nn.Swish(1.5) end, {3, 4}},
  SiLU = {nn.SiLU, {3, 4}},
  Mish = {nn.Mish, {3, 4}},
  Hardswish = {nn.Hardswish, {3, 4}},
  ['Hardswish, high'] = {nn.Hardswish, {3, 4}, shift = 2.9},
  SELU = {nn.SELU, {3, 4}},
  AlphaDropout = {evaluating(nn.AlphaDropout, 0.3), {3, 4}, text = 'nn.AlphaDropout(0.300000)'},
  ['AlphaDropout, training'] = {nn.AlphaDropout, {3, 4}, random = true},
}
