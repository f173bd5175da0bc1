--- nn: neural nets of modules, with Torch7's contract. require 'nn' also sets the global nn.
local errors = require 'torch.errors'
require 'torch'

errors.package()

local nn = rawget(_G, 'nn') or {}
rawset(_G, 'nn', nn)

nn.utils, nn.init, nn.tables = require 'nn.utils', require 'nn.initialisers', require 'nn.tables'
require 'nn.where'

for _, name in ipairs {
  -- containers
  'Module', 'Container', 'Sequential', 'Concat', 'DepthConcat', 'ConcatTable', 'Parallel', 'ParallelTable', 'MapTable',
  'Decorator', 'Bottle', 'DontCast', 'GPU', 'NaN', 'Profile',
  -- one tensor
  'passing', 'rectifiers', 'activations', 'pointwise', 'shapes', 'slices', 'reductions', 'padding', 'constants',
  'Normalize', 'Copy', 'Dropout', 'WhiteNoise', 'selfgated',
  -- tables
  'CAddTable', 'tablemath', 'tableshapes', 'SplitTable', 'JoinTable', 'MixtureTable', 'products',
  -- parameters
  'Linear', 'Bilinear', 'affine', 'templates', 'LookupTable', 'EmbeddingBag', 'SparseLinear', 'IndexLinear',
  'LinearWeightNorm', 'WeightNorm', 'PartialLinear', 'Kmeans',
  'convolution', 'fullconvolution', 'maps', 'pooling', 'otherpooling', 'unpooling', 'temporal', 'upsampling',
  'BatchNormalization', 'norms', 'localnorms', 'AdaptiveLogSoftMax',
  -- sequences
  'recurrent', 'positions', 'attention', 'transformer',
  -- criteria
  'Criterion', 'regression', 'classification', 'margins', 'embeddings', 'multicriteria', 'CriterionTable',
  -- put together from the above
  'composites', 'Convert', 'StochasticGradient', 'fuse',
} do
  require('nn.' .. name)
end

local checks = require 'nn.Jacobian'
nn.Jacobian, nn.SparseJacobian, nn.hessian = checks.Jacobian, checks.SparseJacobian, require 'nn.hessian'

package.loaded.nn = nn
return nn
