--- autograd.model.NeuralNetwork(options[, params, layers, places]): fully connected layers; gives f(params, x), params
-- and layers. options: inputFeatures (10), hiddenFeatures ({100, 2}), activations ('ReLU'; a class of nn), classifier
-- (false: true leaves the last layer without activation), dropoutProb or dropoutProbs (a list), batchNormalization,
-- cuda.
--   local f, params = autograd.model.NeuralNetwork{inputFeatures = 10, hiddenFeatures = {20, 2}, classifier = true}
local common = require 'autograd.model.common'
local util = require 'autograd.util'
local nnwrapper = require 'autograd.nnwrapper'

return function(options, params, layers, place)
  local nn = nnwrapper.package('nn')
  local o = common.options(options, {inputFeatures = 10, hiddenFeatures = {100, 2}, activations = 'ReLU',
                                     dropoutProb = 0, dropoutProbs = {}})
  local chain, inputs = common.chain(params, layers, place), o.inputFeatures
  common.add(chain, nn.Reshape(inputs))
  for i, outputs in ipairs(o.hiddenFeatures) do
    local p, plain = o.dropoutProbs[i] or o.dropoutProb, o.classifier and i == #o.hiddenFeatures
    if p > 0 then common.add(chain, nn.Dropout(p)) end
    common.add(chain, nn.Linear(inputs, outputs))
    common.finish_layer(chain, nn, {outputFeatures = outputs, activations = not plain and o.activations,
                                    batchNormalization = not plain and o.batchNormalization}, 'BatchNormalization')
    inputs = outputs
  end
  if o.cuda then chain.params = util.cast(chain.params, 'cuda') end
  return common.sequence(chain.layers, chain.place), chain.params, chain.layers
end
