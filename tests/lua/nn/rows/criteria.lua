--- Rows of criteria, for test_criteria.lua: how to make one, its input and its target, as functions of x, where
-- x(sizes…) is the next wave (see nn/rows.lua); shift is added to the waves of the input.
local F = torch.F
local weights = torch.Tensor {1, 0.5, 2, 3}
local places = torch.LongTensor {2, 4, 1}
local signs = torch.Tensor {1, -1, -1}

local function square(x) return x(3, 4) end
local function vector(x) return x(4) end
local function pair(x) return {x(3, 4), x(3, 4)} end
local function vectors(x) return {x(4), x(4)} end
local function planes(x) return x(2, 4, 2, 3) end
local function of(value) return function() return value end end
local labels = torch.Tensor {{1, 0, 1, 1}, {0, 0, 1, 0}, {1, 1, 0, 1}}
local plane_targets = torch.LongTensor {{{1, 4, 2}, {3, 2, 2}}, {{4, 4, 1}, {1, 2, 3}}}
local lists = torch.Tensor {{3, 1, 0, 4}, {2, 0, 0, 0}, {4, 2, 1, 0}}
-- away from their kinks, of the sizes of square
local function signs_like() return F.mul(F.add(labels, -0.5), 2) end
local function none() return nil end
local function unaveraged(criterion)
  criterion.sizeAverage = false
  return criterion
end

return {
  MSECriterion = {nn.MSECriterion, square, square},
  ['MSECriterion, sum'] = {function() return nn.MSECriterion(false) end, square, square},
  WeightedMSECriterion = {function() return nn.WeightedMSECriterion(weights) end, square, square},
  SpatialAutoCropMSECriterion = {nn.SpatialAutoCropMSECriterion, function(x) return x(2, 2, 3) end,
                                 function(x) return x(2, 5, 4) end},
  ClassSimplexCriterion = {function() return nn.ClassSimplexCriterion(4) end, square, of(places)},
  ['ClassSimplexCriterion, one'] = {function() return nn.ClassSimplexCriterion(4) end, vector, of(3)},
  AbsCriterion = {nn.AbsCriterion, square, square},
  ['AbsCriterion, sum'] = {function() return nn.AbsCriterion(false) end, square, square},
  SmoothL1Criterion = {nn.SmoothL1Criterion, square, square},
  L1Cost = {nn.L1Cost, square, none},

  ClassNLLCriterion = {nn.ClassNLLCriterion, square, of(places)},
  ['ClassNLLCriterion, weights'] = {function() return nn.ClassNLLCriterion(weights) end, square, of(places)},
  ['ClassNLLCriterion, ignoring'] = {function() return nn.ClassNLLCriterion(weights, true, 4) end, square, of(places)},
  ['ClassNLLCriterion, sum'] = {function() return nn.ClassNLLCriterion(weights, false) end, square, of(places)},
  ['ClassNLLCriterion, one'] = {nn.ClassNLLCriterion, vector, of(3)},
  SpatialClassNLLCriterion = {function() return nn.SpatialClassNLLCriterion(weights) end, planes, of(plane_targets)},
  ['SpatialClassNLLCriterion, sum'] = {function() return nn.SpatialClassNLLCriterion(nil, false) end, planes,
                                       of(plane_targets)},
  CrossEntropyCriterion = {nn.CrossEntropyCriterion, square, of(places)},
  ['CrossEntropyCriterion, weights'] = {function() return nn.CrossEntropyCriterion(weights, false) end, square,
                                        of(places)},
  ['CrossEntropyCriterion, smoothed'] = {function() return nn.CrossEntropyCriterion(nil, true, nil, 0.2) end, square,
                                         of(places)},
  ['CrossEntropyCriterion, all'] = {function() return nn.CrossEntropyCriterion(weights, true, 4, 0.2) end, square,
                                    of(places)},
  BCECriterion = {nn.BCECriterion, function(x) return F.sigmoid(x(3, 4)) end, of(labels)},
  ['BCECriterion, weights'] = {function() return nn.BCECriterion(weights, false) end,
                               function(x) return F.sigmoid(x(3, 4)) end, of(labels)},
  MultiLabelSoftMarginCriterion = {nn.MultiLabelSoftMarginCriterion, square, of(labels)},
  ['MultiLabelSoftMarginCriterion, weights'] = {
    function() return nn.MultiLabelSoftMarginCriterion(weights, false) end, square, of(labels)},
  DistKLDivCriterion = {nn.DistKLDivCriterion, square, function() return F.div(labels, 5) end},
  ['DistKLDivCriterion, sum'] = {function() return unaveraged(nn.DistKLDivCriterion()) end, square,
                                 function() return F.div(labels, 5) end},
  FocalCriterion = {nn.FocalCriterion, square, of(labels)},
  ['FocalCriterion, alpha'] = {function() return nn.FocalCriterion(1.5, 0.25, false) end, square, of(labels)},
  GaussianKLCriterion = {nn.GaussianKLCriterion, pair, none},
  ['GaussianKLCriterion, sum'] = {function() return nn.GaussianKLCriterion(false) end, vectors, none},

  MarginCriterion = {nn.MarginCriterion, square, signs_like},
  ['MarginCriterion, squared'] = {function() return nn.MarginCriterion(0.8, 2) end, square, signs_like},
  SoftMarginCriterion = {nn.SoftMarginCriterion, square, signs_like},
  MarginRankingCriterion = {function() return nn.MarginRankingCriterion(0.5) end,
                            function(x) return {x(3), x(3)} end, of(signs)},
  ['MarginRankingCriterion, one'] = {nn.MarginRankingCriterion, function(x) return {x(1), x(1)} end, of(-1)},
  MultiMarginCriterion = {nn.MultiMarginCriterion, square, of(places)},
  ['MultiMarginCriterion, squared'] = {function() return nn.MultiMarginCriterion(2, weights, 0.7) end, square,
                                       of(places)},
  ['MultiMarginCriterion, one'] = {nn.MultiMarginCriterion, vector, of(3)},
  MultiLabelMarginCriterion = {nn.MultiLabelMarginCriterion, square, of(lists)},
  ['MultiLabelMarginCriterion, one'] = {nn.MultiLabelMarginCriterion, vector, of(lists[3])},

  CosineEmbeddingCriterion = {function() return nn.CosineEmbeddingCriterion(-0.9) end, pair, of(signs)},
  ['CosineEmbeddingCriterion, one'] = {nn.CosineEmbeddingCriterion, vectors, of(1)},
  HingeEmbeddingCriterion = {function() return nn.HingeEmbeddingCriterion(1.5) end, square, signs_like},
  ['HingeEmbeddingCriterion, one'] = {nn.HingeEmbeddingCriterion, function(x) return x(1) end, of(-1)},
  L1HingeEmbeddingCriterion = {nn.L1HingeEmbeddingCriterion, vectors, of(1)},
  ['L1HingeEmbeddingCriterion, unlike'] = {function() return nn.L1HingeEmbeddingCriterion(30) end, vectors, of(-1)},
  DistanceRatioCriterion = {nn.DistanceRatioCriterion, pair, none},
  ['DistanceRatioCriterion, sum'] = {function() return nn.DistanceRatioCriterion(false) end, pair, none},
  TripletMarginCriterion = {nn.TripletMarginCriterion, function(x) return {x(3, 4), x(3, 4), x(3, 4)} end, none},
  ['TripletMarginCriterion, swapped'] = {function() return nn.TripletMarginCriterion(3, 3, true, false) end,
                                         function(x) return {x(3, 4), x(3, 4), x(3, 4)} end, none},

  MultiCriterion = {function()
    return nn.MultiCriterion():add(nn.MSECriterion(), 0.5):add(nn.SmoothL1Criterion())
  end, square, square},
  ParallelCriterion = {function()
    return nn.ParallelCriterion():add(nn.MSECriterion(), 0.5):add(nn.CrossEntropyCriterion(), 2)
  end, pair, function(x) return {x(3, 4), places} end},
  ['ParallelCriterion, one target'] = {function()
    return nn.ParallelCriterion(true):add(nn.MSECriterion()):add(nn.MSECriterion(false), 3)
  end, pair, square},
  ModuleCriterion = {function()
    return nn.ModuleCriterion(nn.MSECriterion(), nn.Tanh(), nn.Square())
  end, square, square},
}
