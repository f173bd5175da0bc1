--- nn: neural nets of modules, with Torch7's contract. require 'nn' also sets the global nn.
local errors = require 'torch.errors'
require 'torch'

errors.package()

local nn = rawget(_G, 'nn') or {}
rawset(_G, 'nn', nn)

nn.utils = require 'nn.utils'
require 'nn.where'

for _, name in ipairs {
  -- containers
  'Module', 'Container', 'Sequential', 'Concat', 'DepthConcat', 'ConcatTable', 'Parallel', 'ParallelTable', 'MapTable',
  'Decorator', 'Bottle', 'DontCast', 'GPU', 'NaN', 'Profile',
  -- one tensor
  'passing', 'rectifiers', 'activations', 'pointwise', 'shapes', 'slices', 'reductions', 'padding', 'constants',
  'Normalize', 'Copy', 'Dropout', 'WhiteNoise',
  -- tables
  'CAddTable', 'tablemath', 'tableshapes', 'SplitTable', 'JoinTable', 'MixtureTable', 'products',
  -- parameters
  'Linear', 'SpatialConvolution', 'pooling', 'SpatialBatchNormalization',
  -- criteria
  'Criterion', 'criteria', 'CriterionTable',
  -- put together from the above
  'composites', 'Convert', 'StochasticGradient',
} do
  require('nn.' .. name)
end

local checks = require 'nn.Jacobian'
nn.Jacobian, nn.SparseJacobian, nn.hessian = checks.Jacobian, checks.SparseJacobian, require 'nn.hessian'

package.loaded.nn = nn
return nn
