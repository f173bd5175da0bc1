--- autograd.model.SpatialNetwork(options[, params, layers, places]): convolutions over images (features × height ×
-- width, or a batch of them); gives f(params, x), params and layers. options: inputFeatures (3), hiddenFeatures ({16,
-- 32, 64}), poolings ({1, 1, 1}), kernelSize (5), padding (half the kernel), inputStride (1), activations ('ReLU'),
-- dropoutProb or dropoutProbs, batchNormalization, cuda.
--   local f, params = autograd.model.SpatialNetwork{inputFeatures = 3, hiddenFeatures = {8}, poolings = {2}}
local common = require 'autograd.model.common'
local util = require 'autograd.util'
local nnwrapper = require 'autograd.nnwrapper'

return function(options, params, layers, place)
  local nn = nnwrapper.package('nn')
  local o = common.options(options, {inputFeatures = 3, hiddenFeatures = {16, 32, 64}, poolings = {1, 1, 1},
                                     kernelSize = 5, inputStride = 1, activations = 'ReLU', dropoutProb = 0,
                                     dropoutProbs = {}})
  local chain, inputs, stride = common.chain(params, layers, place), o.inputFeatures, o.inputStride
  local k, padding = o.kernelSize, o.padding or math.floor((o.kernelSize - 1) / 2)
  for i, outputs in ipairs(o.hiddenFeatures) do
    local p, pooling = o.dropoutProbs[i] or o.dropoutProb, o.poolings[i] or 1
    if p > 0 then common.add(chain, nn.SpatialDropout(p)) end
    common.add(chain, nn.SpatialConvolutionMM(inputs, outputs, k, k, stride, stride, padding, padding))
    common.finish_layer(chain, nn, {outputFeatures = outputs, activations = o.activations,
                                    batchNormalization = o.batchNormalization}, 'SpatialBatchNormalization')
    if pooling > 1 then common.add(chain, nn.SpatialMaxPooling(pooling, pooling)) end
    inputs, stride = outputs, 1
  end
  if o.cuda then chain.params = util.cast(chain.params, 'cuda') end
  return common.sequence(chain.layers, chain.place), chain.params, chain.layers
end
