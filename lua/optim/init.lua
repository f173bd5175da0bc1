--- optim: optimisers, optim.sgd(f, x, config, state) and the like, and what accompanies training: schedules, averages
-- of weights, ConfusionMatrix and Logger. require 'optim' also sets the global optim.
--
-- f(x) gives a value and the gradient by x; the optimiser moves x, in place, and gives x and a table with the value.
-- What it keeps between steps goes into state, or into config when there is no state.
--   local x = torch.Tensor{3}
--   local config = {learningRate = 0.1}
--   for i = 1, 100 do optim.sgd(function(v) return v:dot(v), v * 2 end, x, config) end
--   print(x[1])   -- nearly 0
local errors = require 'torch.errors'
require 'torch'
require 'xlua' -- scripts for Torch7 find it and sys loaded with optim

errors.package()

local optim = rawget(_G, 'optim') or {}
rawset(_G, 'optim', optim)

local function take(module)
  for name, value in pairs(module) do optim[name] = value end
end

for _, name in ipairs {'sgd', 'nag', 'asgd', 'rmsprop', 'adagrad', 'adadelta', 'adafactor', 'rprop', 'cg', 'lbfgs',
                       'lswolfe', 'polyinterp', 'FistaLS', 'de', 'cmaes', 'checkgrad'} do
  optim[name] = require('optim.' .. name)
end
take(require 'optim.adam')
take(require 'optim.average')
take(require 'optim.groups')
require 'optim.schedules'
optim.schedule = optim.Schedule
take(require 'optim.trainer.progress')
optim.prefetch = require 'optim.trainer.prefetch'
for _, name in ipairs {'trainer.batches', 'trainer.events', 'Trainer'} do require('optim.' .. name) end
require 'optim.ConfusionMatrix'
require 'optim.Logger'

package.loaded.optim = optim
return optim
