--- autograd.model.AlexNet(depth, height, width[, convolutions, classifier, params, layers, places]): a SpatialNetwork
-- and a NeuralNetwork on what it gives, with the options of these two; gives f(params, x), params and layers.
--   local f, params = autograd.model.AlexNet(3, 32, 32, {poolings = {2, 2, 2}}, {hiddenFeatures = {64, 10}})
local torch = require 'torch'
local errors = require 'torch.errors'
local common = require 'autograd.model.common'
local NeuralNetwork = require 'autograd.model.NeuralNetwork'
local SpatialNetwork = require 'autograd.model.SpatialNetwork'

return function(depth, height, width, convolutions, classifier, params, layers, place)
  convolutions = common.options(convolutions, {})
  classifier = common.options(classifier, {hiddenFeatures = {100, 2}, classifier = true})
  if classifier.inputFeatures then
    errors.fail('AlexNet: inputFeatures of the classifier follow from the images; leave them out')
  end
  convolutions.inputFeatures = depth
  convolutions.cuda = convolutions.cuda or classifier.cuda
  classifier.cuda = convolutions.cuda
  params, layers, place = params or {}, layers or {}, place or {}
  local planes = SpatialNetwork(convolutions, params, layers, place)
  local probe = torch.zeros(1, depth, height, width):type(params[1][1]:type())
  classifier.inputFeatures = planes(params, probe):nElement()
  return NeuralNetwork(classifier, params, layers, place)
end
