--- autograd.model: models as functions of their parameters. Each constructor gives f, for autograd(f), and its params.
local model = {}
for _, name in ipairs {'NeuralNetwork', 'SpatialNetwork', 'AlexNet', 'RecurrentNetwork', 'RecurrentLSTMNetwork',
                       'RecurrentGRUNetwork', 'RecurrentFWNetwork'} do
  model[name] = require('autograd.model.' .. name)
end
return model
