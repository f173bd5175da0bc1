--- dpnn: what Element-Research's package of that name adds to nn: clones that share parameters, modules that learn from
-- rewards (REINFORCE), saving without buffers, norms and decay of parameters. require 'dpnn' also sets the global dpnn.
local errors = require 'torch.errors'
require 'nn'

errors.package()

local dpnn = rawget(_G, 'dpnn') or {}
rawset(_G, 'dpnn', dpnn)
dpnn.version = 2

for _, name in ipairs {
  -- methods of nn's classes
  'Module', 'sharedClone', 'serial', 'parameters', 'profile',
  -- REINFORCE
  'Reinforce', 'ReinforceBernoulli', 'ReinforceCategorical', 'ReinforceNormal', 'ReinforceGamma', 'rewards',
  'CategoricalEntropy',
  -- modules
  'ReverseTable', 'ArgMax', 'Clip', 'TotalDropout', 'NCEModule',
  -- images
  'Inception', 'FireModule', 'SpatialBinaryConvolution', 'SpatialGlimpse', 'SpatialUniformCrop',
  'SpatialRegionDropout', 'SpatialFeatNormalization', 'colours',
  -- criteria
  'logistic', 'NCECriterion',
} do
  require('dpnn.' .. name)
end

package.loaded.dpnn = dpnn
return dpnn
