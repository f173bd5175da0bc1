--- Rows (see nn/rows.lua) of modules that change sizes, choose, order, sum up and pad.
local long, mask = torch.LongTensor {3, 1, 1}, torch.ByteTensor {{1, 0, 0, 1}, {0, 1, 1, 0}, {0, 0, 1, 0}}

return {
  View = {function() return nn.View(6) end, {4, 2, 3}, text = 'nn.View(6)'},
  Reshape = {function() return nn.Reshape(3, 2) end, {4, 6}, text = 'nn.Reshape(3x2)'},
  Collapse = {function() return nn.Collapse(2) end, {3, 2, 2}},
  ['Collapse, all'] = {function() return nn.Collapse(2) end, {3, 2}},
  Squeeze = {function() return nn.Squeeze(2) end, {3, 1, 4}},
  ['Squeeze, all'] = {function() return nn.Squeeze(nil, 3) end, {1, 3, 1, 2}},
  Unsqueeze = {function() return nn.Unsqueeze(2, 2) end, {2, 3, 2}, text = 'nn.Unsqueeze(dim 2)'},

  Narrow = {function() return nn.Narrow(2, 2, -2) end, {3, 5}},
  ['Narrow, leading'] = {function() return nn.Narrow(-1, -1, 2) end, {3, 5}},
  Select = {function() return nn.Select(-1, -2) end, {3, 4}},
  Transpose = {function() return nn.Transpose({1, 2}, {2, 3}) end, {2, 3, 4}},
  ['Transpose, in batches'] = {function() return nn.Transpose({1, 2}):setNumInputDims(2) end, {2, 3, 4}},
  PixelShuffle = {function() return nn.PixelShuffle(2) end, {2, 8, 2, 3}},
  ['PixelShuffle, single'] = {function() return nn.PixelShuffle(3) end, {9, 2, 1}},
  Replicate = {function() return nn.Replicate(3, 1, 1) end, {2, 4}},
  ['Replicate, last'] = {function() return nn.Replicate(2, 3) end, {2, 3}},
  Index = {function() return nn.Index(2) end, function(x) return {x(2, 3), long} end},
  MaskedSelect = {nn.MaskedSelect, function(x) return {x(3, 4), mask} end},

  Max = {function() return nn.Max(2) end, {3, 4}},
  ['Max, in batches'] = {function() return nn.Max(1, 2) end, {2, 3, 4}},
  Min = {function() return nn.Min(-1) end, {3, 4}},
  ['Min, of a vector'] = {nn.Min, {5}},
  Sum = {function() return nn.Sum(1, 1) end, {3, 4}},
  ['Sum, kept'] = {function() return nn.Sum(1, nil, true, false) end, {3, 4}},
  Mean = {function() return nn.Mean(-2) end, {2, 3, 4}},

  Padding = {function() return nn.Padding(1, -2, 2, 0.7, 2) end, {3, 4}},
  ['Padding, behind'] = {function() return nn.Padding(1, 2, 1) end, {3, 4}},
  ['Padding, within'] = {function() return nn.Padding(2, 1, nil, 5, 2) end, {2, 3}},
  SpatialZeroPadding = {function() return nn.SpatialZeroPadding(1, -1, 2, 0) end, {2, 3, 4},
                        text = 'nn.SpatialZeroPadding(l=1, r=-1, t=2, b=0)'},
  SpatialReflectionPadding = {function() return nn.SpatialReflectionPadding(2, 1, 1, 2) end, {2, 2, 3, 4},
                              text = 'nn.SpatialReflectionPadding(l=2, r=1, t=1, b=2)'},
  SpatialReplicationPadding = {function() return nn.SpatialReplicationPadding(2, 1, -1, 3) end, {2, 3, 4},
                               text = 'nn.SpatialReplicationPadding(l=2, r=1, t=-1, b=3)'},
  VolumetricReplicationPadding = {
    function() return nn.VolumetricReplicationPadding(1, 2, 0, 1, 2, 1) end, {2, 2, 2, 3},
    text = 'nn.VolumetricReplicationPadding(left=1, right=2, top=0, bottom=1, front=2, back=1)'},
  Convert = {function() return nn.Convert('bchw', 'chwb') end, {2, 3, 2, 2}},
  ['Convert, features'] = {function() return nn.Convert('cb', 'bf') end, {3, 4}},
  ['Convert, a sample'] = {function() return nn.Convert('chw', 'f') end, {2, 2, 3}},

  Constant = {function() return nn.Constant(torch.Tensor {{1, 2, 3}, {4, 5, 6}}, 1) end, {2, 4}},
  ['Constant, number'] = {function() return nn.Constant(0.5) end, {2, 4}},
  OneHot = {function() return nn.OneHot(4) end, function() return torch.LongTensor {{2, 4, 1}, {3, 3, 2}} end},
}
