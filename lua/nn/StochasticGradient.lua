--- nn.StochasticGradient(module, criterion): plain stochastic gradient descent, an example at a time.
-- Fields: learningRate (0.01), learningRateDecay (0), maxIteration (25; 0 for no end), shuffleIndices (true), verbose
-- (true), hookExample(self, example) and hookIteration(self, iteration, error), called after each.
--   nn.StochasticGradient(net, nn.MSECriterion()):train(dataset)
local torch = require 'torch'

local StochasticGradient = torch.class('nn.StochasticGradient')

function StochasticGradient:__init(module, criterion)
  self.learningRate, self.learningRateDecay = 0.01, 0
  self.maxIteration, self.shuffleIndices, self.verbose = 25, true, true
  self.module, self.criterion = module, criterion
end

-- One pass over the dataset in an order; gives the mean loss.
local function pass(self, dataset, order, rate)
  local module, criterion, sum = self.module, self.criterion, 0
  for t = 1, dataset:size() do
    local example = dataset[order[t]]
    local input, target = example[1], example[2]
    sum = sum + criterion:forward(module:forward(input), target)
    module:updateGradInput(input, criterion:updateGradInput(module.output, target))
    module:accUpdateGradParameters(input, criterion.gradInput, rate)
    if self.hookExample then self.hookExample(self, example) end
  end
  return sum / dataset:size()
end

--- Learns from a dataset: dataset:size() says how many examples {input, target} there are, dataset[i] is one of them.
function StochasticGradient:train(dataset)
  local order = torch.randperm(dataset:size())
  if not self.shuffleIndices then order = torch.range(1, dataset:size()) end
  local rate, iteration = self.learningRate, 1
  print('# StochasticGradient: training')
  while true do
    local loss = pass(self, dataset, order, rate)
    if self.hookIteration then self.hookIteration(self, iteration, loss) end
    if self.verbose then print('# current error = ' .. loss) end
    iteration = iteration + 1
    rate = self.learningRate / (1 + iteration * self.learningRateDecay)
    if self.maxIteration > 0 and iteration > self.maxIteration then
      print(('# StochasticGradient: %d iterations done, error = %s'):format(self.maxIteration, loss))
      return
    end
  end
end

return StochasticGradient
