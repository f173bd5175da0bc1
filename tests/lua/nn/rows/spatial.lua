--- Rows (see nn/rows.lua) of convolution, pooling, upsampling and local normalisation over one to three axes.
local function dual(x, ...) return {x(...), x(1, 5, 4)} end

local function fractional(class, axes, ...)
  local args = {...}
  return function()
    local module = nn[class](unpack(args)):fixPoolingRegions()
    module.randomSamples = torch.Tensor(2, 2, axes)
    for i = 0, 4 * axes - 1 do module.randomSamples:storage()[i + 1] = 0.5 + 0.4 * math.sin(i) end
    return module
  end
end

-- A pooling module that found the greatest of a wave of these sizes.
local function after(class, ...)
  local pool = nn[class .. 'MaxPooling'](2, 2, class == 'Volumetric' and 2 or nil)
  local x = torch.Tensor(...)
  for i = 0, x:nElement() - 1 do x:storage()[i + 1] = math.sin(0.7 * i) end
  pool:forward(x)
  return nn[class .. 'MaxUnpooling'](pool)
end

local connections = torch.Tensor {{1, 1}, {3, 1}, {2, 2}, {1, 3}, {2, 3}, {3, 3}}

return {
  -- convolution
  SpatialConvolution = {function() return nn.SpatialConvolution(2, 3, 3, 2) end, {2, 2, 4, 3},
                        text = 'nn.SpatialConvolution(2 -> 3, 3x2)'},
  ['SpatialConvolution, one image'] = {function() return nn.SpatialConvolution(2, 3, 3, 2, 2, 1, 1):noBias() end,
                                       {2, 4, 5},
                                       text = 'nn.SpatialConvolution(2 -> 3, 3x2, 2,1, 1,1) without bias'},
  SpatialConvolutionMM = {function() return nn.SpatialConvolutionMM(2, 3, 3, 2, 1, 2, 1, 0) end, {2, 2, 4, 3},
                          text = 'nn.SpatialConvolutionMM(2 -> 3, 3x2, 1,2, 1,0)'},
  SpatialDilatedConvolution = {function() return nn.SpatialDilatedConvolution(2, 3, 2, 2, 1, 2, 1, 0, 2, 3) end,
                               {2, 2, 6, 4},
                               text = 'nn.SpatialDilatedConvolution(2 -> 3, 2x2, 1,2, 1,0, 2,3)'},
  VolumetricConvolution = {function() return nn.VolumetricConvolution(2, 3, 2, 1, 3, 1, 2, 1, 0, 0, 1) end,
                           {2, 2, 3, 3, 3},
                           text = 'nn.VolumetricConvolution(2 -> 3, 2x1x3, 1,2,1, 0,0,1)'},
  ['VolumetricConvolution, one volume'] = {function() return nn.VolumetricConvolution(2, 1, 2, 2, 2):noBias() end,
                                           {2, 2, 3, 2},
                                           text = 'nn.VolumetricConvolution(2 -> 1, 2x2x2) without bias'},
  VolumetricDilatedConvolution = {
    function() return nn.VolumetricDilatedConvolution(2, 2, 2, 1, 2, 1, 1, 1, 1, 0, 1, 2, 1, 3) end, {1, 2, 3, 4, 2},
    text = 'nn.VolumetricDilatedConvolution(2 -> 2, 2x1x2, 1,1,1, 1,0,1, 2,1,3)'},
  SpatialDepthWiseConvolution = {function() return nn.SpatialDepthWiseConvolution(2, 3, 3, 2) end, {2, 2, 3, 4},
                                 text = 'nn.SpatialDepthWiseConvolution(2 -> 3, 3x2)'},
  ['SpatialDepthWiseConvolution, one image'] = {
    function() return nn.SpatialDepthWiseConvolution(2, 3, 2, 2, 2, 1, 1):noBias() end, {2, 3, 4},
    text = 'nn.SpatialDepthWiseConvolution(2 -> 3, 2x2, 2,1, 1,1) without bias'},
  Convolution = {function() return nn.Convolution(2, 3, {2, 3}, {1, 2}, {1, 0}) end, {2, 2, 3, 5},
                 text = 'nn.Convolution(2 -> 3, 2x3, 1,2, 1,0)'},
  ['Convolution, a sequence'] = {function() return nn.Convolution(4, 4, {3}, 2, 2, 2, 2) end, {2, 4, 6},
                                 text = 'nn.Convolution(4 -> 4, 3, 2, 2, dilation 2, groups 2)'},
  ['Convolution, depthwise'] = {function() return nn.Convolution(2, 4, {2, 2}, 1, 0, 1, 2):noBias() end, {2, 3, 3},
                                text = 'nn.Convolution(2 -> 4, 2x2, groups 2) without bias'},
  ['Convolution, a volume'] = {function() return nn.Convolution(2, 2, {2, 2, 1}, 1, 0, {1, 2, 1}) end,
                               {2, 2, 2, 3, 2}, text = 'nn.Convolution(2 -> 2, 2x2x1, dilation 1,2,1)'},
  SpatialConvolutionMap = {function() return nn.SpatialConvolutionMap(connections, 2, 3, 2, 1) end, {2, 3, 4, 4}},
  ['SpatialConvolutionMap, one image'] = {
    function() return nn.SpatialConvolutionMap(nn.tables.oneToOne(2), 2, 2) end, {2, 3, 3}},
  SpatialConvolutionLocal = {function() return nn.SpatialConvolutionLocal(2, 2, 3, 4, 2, 3, 1, 2, 1, 1) end,
                             {2, 2, 4, 3},
                             text = 'nn.SpatialConvolutionLocal(2 -> 2, 3x4, 2x3, 1,2, 1,1)'},
  ['SpatialConvolutionLocal, one image'] = {
    function() return nn.SpatialConvolutionLocal(1, 2, 3, 3, 2, 2) end, {1, 3, 3}},

  -- transposed
  SpatialFullConvolution = {function() return nn.SpatialFullConvolution(2, 3, 3, 2, 2, 3, 1, 0, 1, 2) end,
                            {2, 2, 2, 3},
                            text = 'nn.SpatialFullConvolution(2 -> 3, 3x2, 2,3, 1,0, 1,2)'},
  ['SpatialFullConvolution, as large as another'] = {
    function() return nn.SpatialFullConvolution(2, 1, 2, 2, 2, 2):noBias() end, function(x) return dual(x, 2, 2, 2) end,
    text = 'nn.SpatialFullConvolution(2 -> 1, 2x2, 2,2) without bias'},
  VolumetricFullConvolution = {
    function() return nn.VolumetricFullConvolution(2, 2, 2, 3, 1, 2, 1, 2, 0, 1, 0, 1, 0, 1) end, {1, 2, 2, 2, 3},
    text = 'nn.VolumetricFullConvolution(2 -> 2, 2x3x1, 2,1,2, 0,1,0, 1,0,1)'},
  FullConvolution = {function() return nn.FullConvolution(4, 2, {3}, 2, 1, 1, 1, 2) end, {2, 4, 3},
                     text = 'nn.FullConvolution(4 -> 2, 3, 2, 1, groups 2)'},
  ['FullConvolution, an image'] = {function() return nn.FullConvolution(2, 2, {2, 3}, {2, 1}, 0, 0, {1, 2}) end,
                                   {2, 2, 2}, text = 'nn.FullConvolution(2 -> 2, 2x3, 2,1, dilation 1,2)'},
  ['FullConvolution, a volume'] = {function() return nn.FullConvolution(2, 2, {2, 2, 2}, 2, {1, 0, 1}) end,
                                   {1, 2, 2, 1, 3}, text = 'nn.FullConvolution(2 -> 2, 2x2x2, 2,2,2, 1,0,1)'},
  SpatialFullConvolutionMap = {function() return nn.SpatialFullConvolutionMap(connections, 3, 2, 2, 1) end,
                               {3, 2, 2}},

  -- sequences
  TemporalConvolution = {function() return nn.TemporalConvolution(3, 2, 2, 2) end, {2, 5, 3}},
  ['TemporalConvolution, one sequence'] = {function() return nn.TemporalConvolution(3, 2, 3) end, {4, 3}},
  TemporalRowConvolution = {function() return nn.TemporalRowConvolution(3, 2, 2) end, {2, 5, 3},
                            text = 'nn.TemporalRowConvolution(3, 2, 2)'},
  ['TemporalRowConvolution, features first'] = {
    function() return nn.TemporalRowConvolution(3, 2, 1, true):noBias() end, {3, 5},
    text = 'nn.TemporalRowConvolution(3, 2) without bias'},
  TemporalMaxPooling = {function() return nn.TemporalMaxPooling(2) end, {2, 5, 3}},
  ['TemporalMaxPooling, one sequence'] = {function() return nn.TemporalMaxPooling(3, 1) end, {5, 3}},
  TemporalSubSampling = {function() return nn.TemporalSubSampling(3, 2, 2) end, {2, 5, 3}},
  ['TemporalSubSampling, one sequence'] = {function() return nn.TemporalSubSampling(3, 3) end, {4, 3}},
  TemporalDynamicKMaxPooling = {function() return nn.TemporalDynamicKMaxPooling(2) end, {2, 5, 3}},
  ['TemporalDynamicKMaxPooling, by a factor'] = {
    function() return nn.TemporalDynamicKMaxPooling(1, 0.5) end, {5, 3}},

  -- pooling
  SpatialMaxPooling = {function() return nn.SpatialMaxPooling(2, 3, 1, 2, 1, 1):ceil() end, {2, 2, 4, 3},
                       text = 'nn.SpatialMaxPooling(2x3, 1,2, 1,1)'},
  SpatialDilatedMaxPooling = {function() return nn.SpatialDilatedMaxPooling(2, 2, 1, 2, 1, 0, 2, 3) end, {2, 5, 4},
                              text = 'nn.SpatialDilatedMaxPooling(2x2, 1,2, 1,0, 2,3)'},
  VolumetricMaxPooling = {function() return nn.VolumetricMaxPooling(2, 2, 3, 1, 2, 2, 1, 0, 1) end, {1, 2, 2, 4, 4},
                          text = 'nn.VolumetricMaxPooling(2x2x3, 1,2,2, 1,0,1)'},
  VolumetricDilatedMaxPooling = {
    function() return nn.VolumetricDilatedMaxPooling(2, 1, 2, 1, 1, 1, 0, 0, 1, 2, 1, 2):ceil() end, {2, 3, 3, 2},
    text = 'nn.VolumetricDilatedMaxPooling(2x1x2, 1,1,1, 0,0,1, 2,1,2)'},
  MaxPooling = {function() return nn.MaxPooling {2} end, {2, 5}, text = 'nn.MaxPooling(2, 2)'},
  ['MaxPooling, an image'] = {function() return nn.MaxPooling({2, 3}, 1, 1, {2, 1}) end, {2, 4, 3},
                              text = 'nn.MaxPooling(2x3, 1,1, 1,1, dilation 2,1)'},
  SpatialAveragePooling = {function() return nn.SpatialAveragePooling(2, 3, 2, 1, 1, 0) end, {2, 2, 4, 3},
                           text = 'nn.SpatialAveragePooling(2x3, 2,1, 1,0)'},
  ['SpatialAveragePooling, inside'] = {
    function() return nn.SpatialAveragePooling(2, 3, 2, 2, 1, 1):setCountExcludePad():ceil() end, {2, 4, 3}},
  VolumetricAveragePooling = {function() return nn.VolumetricAveragePooling(2, 1, 3, 1, 2, 1) end, {1, 2, 3, 3, 3},
                              text = 'nn.VolumetricAveragePooling(2x1x3, 1,2,1)'},
  AveragePooling = {function() return nn.AveragePooling({3}, 2, 1) end, {2, 2, 5},
                    text = 'nn.AveragePooling(3, 2, 1)'},
  ['AveragePooling, a volume inside'] = {
    function() return nn.AveragePooling({2, 2, 2}, 1, {0, 1, 1}):setCountExcludePad() end, {2, 2, 2, 3}},
  SpatialAdaptiveMaxPooling = {function() return nn.SpatialAdaptiveMaxPooling(2, 3) end, {2, 2, 4, 5}},
  SpatialAdaptiveAveragePooling = {function() return nn.SpatialAdaptiveAveragePooling(3, 2) end, {2, 5, 4}},
  AdaptiveMaxPooling = {function() return nn.AdaptiveMaxPooling {3} end, {2, 2, 5}, text = 'nn.AdaptiveMaxPooling(3)'},
  ['AdaptiveMaxPooling, a volume'] = {function() return nn.AdaptiveMaxPooling {1, 2, 2} end, {2, 2, 3, 4},
                                      text = 'nn.AdaptiveMaxPooling(1x2x2)'},
  AdaptiveAveragePooling = {function() return nn.AdaptiveAveragePooling {2} end, {2, 5},
                            text = 'nn.AdaptiveAveragePooling(2)'},
  ['AdaptiveAveragePooling, a volume'] = {function() return nn.AdaptiveAveragePooling {2, 1, 3} end, {1, 2, 3, 2, 4}},
  SpatialFractionalMaxPooling = {fractional('SpatialFractionalMaxPooling', 2, 2, 3, 3, 2), {2, 2, 5, 6},
                                 text = 'nn.SpatialFractionalMaxPooling(3x2, 2,3)'},
  ['SpatialFractionalMaxPooling, random'] = {
    function() return nn.SpatialFractionalMaxPooling(2, 2, 0.6, 0.5) end, {2, 5, 6}, random = true,
    text = 'nn.SpatialFractionalMaxPooling(0.6x0.5, 2,2)'},
  VolumetricFractionalMaxPooling = {fractional('VolumetricFractionalMaxPooling', 3, 2, 2, 2, 0.5, 0.6, 0.7),
                                    {2, 2, 4, 5, 4},
                                    text = 'nn.VolumetricFractionalMaxPooling(0.5x0.6x0.7, 2,2,2)'},
  SpatialMaxUnpooling = {function() return after('Spatial', 2, 2, 4, 5) end, {2, 2, 2, 2},
                         text = 'nn.SpatialMaxUnpooling associated to nn.SpatialMaxPooling(2x2, 2,2)'},
  VolumetricMaxUnpooling = {function() return after('Volumetric', 2, 2, 4, 3) end, {2, 1, 2, 1},
                            text = 'nn.VolumetricMaxUnpooling associated to nn.VolumetricMaxPooling(2x2x2, 2,2,2)'},
  SpatialSubSampling = {function() return nn.SpatialSubSampling(2, 2, 3, 1, 2) end, {2, 2, 5, 3}},
  ['SpatialSubSampling, one image'] = {function() return nn.SpatialSubSampling(2, 2, 2) end, {2, 3, 3}},
  SpatialLPPooling = {function() return nn.SpatialLPPooling(2, 2, 2, 2) end, {2, 2, 4, 4}},
  ['SpatialLPPooling, 3'] = {function() return nn.SpatialLPPooling(2, 3, 2, 3, 1, 1) end, {2, 4, 3}, shift = 2},
  FeatureLPPooling = {function() return nn.FeatureLPPooling(2, 2, 2) end, {6, 2, 2},
                      text = 'nn.FeatureLPPooling(w2 s2 power 2 batch false)'},
  ['FeatureLPPooling, a batch'] = {function() return nn.FeatureLPPooling(3, 1, 3, true) end, {2, 5, 2}, shift = 2,
                                   text = 'nn.FeatureLPPooling(w3 s1 power 3 batch true)'},

  -- upsampling
  SpatialUpSamplingNearest = {function() return nn.SpatialUpSamplingNearest(2) end, {2, 2, 2, 3}},
  ['SpatialUpSamplingNearest, one image'] = {function() return nn.SpatialUpSamplingNearest(3) end, {2, 1, 2}},
  SpatialUpSamplingBilinear = {function() return nn.SpatialUpSamplingBilinear(2) end, {2, 2, 2, 3},
                               text = 'nn.SpatialUpSamplingBilinear(2)'},
  ['SpatialUpSamplingBilinear, sizes'] = {
    function() return nn.SpatialUpSamplingBilinear {oheight = 3, owidth = 5} end, {2, 2, 3},
    text = 'nn.SpatialUpSamplingBilinear(3, 5)'},
  UpSampling = {function() return nn.UpSampling(2) end, {2, 2, 2, 3}, text = 'nn.UpSampling(2x, nearest)'},
  ['UpSampling, a sequence'] = {function() return nn.UpSampling(3, 'linear') end, {2, 2, 3},
                                text = 'nn.UpSampling(3x, linear)'},
  ['UpSampling, a volume'] = {function() return nn.UpSampling(2, 'trilinear') end, {1, 2, 2, 1, 2},
                              text = 'nn.UpSampling(2x, linear)'},
  ['UpSampling, sizes'] = {
    function() return nn.UpSampling({odepth = 2, oheight = 3, owidth = 4}, 'linear') end, {1, 2, 3, 2, 2},
    text = 'nn.UpSampling(2x3x4, linear)'},

  -- rearranged
  PixelUnshuffle = {function() return nn.PixelUnshuffle(2) end, {2, 2, 4, 6}, text = 'nn.PixelUnshuffle(2)'},
  ['PixelUnshuffle, one image'] = {function() return nn.PixelUnshuffle(3) end, {1, 3, 6}},
  ZeroPadding = {function() return nn.ZeroPadding {1, 2} end, {2, 2, 3}, text = 'nn.ZeroPadding(1, 2)'},
  ['ZeroPadding, a volume'] = {function() return nn.ZeroPadding {1, 0, 0, 2, -1, 1} end, {2, 2, 2, 3}},
  ReflectionPadding = {function() return nn.ReflectionPadding {2, 1} end, {2, 4}, text = 'nn.ReflectionPadding(2, 1)'},
  ['ReflectionPadding, a volume'] = {function() return nn.ReflectionPadding {1, 0, 0, 1, 2, 1} end, {1, 2, 2, 2, 3},
                                     text = 'nn.ReflectionPadding(1, 0, 0, 1, 2, 1)'},
  ReplicationPadding = {function() return nn.ReplicationPadding {2, 3} end, {2, 4},
                        text = 'nn.ReplicationPadding(2, 3)'},
  ['ReplicationPadding, an image'] = {function() return nn.ReplicationPadding {1, 0, -1, 2} end, {2, 2, 2, 3}},

  -- local normalisation
  SpatialCrossMapLRN = {function() return nn.SpatialCrossMapLRN(3, 0.5, 0.7, 1.5) end, {2, 4, 2, 2}},
  ['SpatialCrossMapLRN, even'] = {function() return nn.SpatialCrossMapLRN(2, 0.3) end, {3, 2, 2}},
  SpatialSubtractiveNormalization = {
    function() return nn.SpatialSubtractiveNormalization(2, torch.Tensor {1, 2, 1}) end, {2, 2, 3, 4}},
  SpatialDivisiveNormalization = {function() return nn.SpatialDivisiveNormalization(2, torch.ones(3, 1)) end,
                                  {2, 2, 3, 3}},
  ['SpatialDivisiveNormalization, threshold'] = {
    function() return nn.SpatialDivisiveNormalization(1, torch.ones(3, 3), 0.8, 2) end, {1, 3, 4}},
  SpatialContrastiveNormalization = {
    function() return nn.SpatialContrastiveNormalization(2, torch.Tensor {{1, 2, 1}, {2, 4, 2}, {1, 2, 1}}) end,
    {2, 4, 3}},
}

