--- nn: neural nets of modules, with Torch7's contract. require 'nn' also sets the global nn.
local errors = require 'torch.errors'
require 'torch'

errors.package()

local nn = rawget(_G, 'nn') or {}
rawset(_G, 'nn', nn)

nn.utils = require 'nn.utils'
require 'nn.where'

for _, name in ipairs {
  'Module', 'Container', 'Sequential', 'Concat', 'ConcatTable', 'ParallelTable', 'JoinTable', 'CAddTable',
  'Linear', 'SpatialConvolution', 'pooling', 'SpatialBatchNormalization', 'activations', 'shapes', 'Dropout',
  'Criterion', 'criteria',
} do
  require('nn.' .. name)
end

package.loaded.nn = nn
return nn
