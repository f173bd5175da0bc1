--- Products and distances of two tensors, {x, y}: nn.DotProduct, nn.CosineDistance, nn.PairwiseDistance, nn.MM, nn.MV.
local torch = require 'torch'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local inputs = require 'nn.inputs'
local utils = require 'nn.utils'

local function fail(self, x, y)
  return errors.fail('%s: sizes %s and %s do not fit', torch.type(self):match('[^%.]+$'), sizes.text(x), sizes.text(y))
end

-- -- Of vectors, or of the rows of matrices ---------------------------------------------------------------------

-- Both as matrices, vectors as one row.
local function rows(self, input)
  local x, y = inputs.pair(self, input)
  local dims = x:dim()
  if not x:isSameSizeAs(y) or dims ~= 1 and dims ~= 2 then fail(self, x, y) end
  if dims == 1 then return F.unsqueeze(x, 0), F.unsqueeze(y, 0) end
  return x, y
end

local columns = 2   -- dimension 1, as a set

local function dot(x, y) return F.squeeze(F.sum(F.mul(x, y), columns), 1) end

local function init_pair(self)
  self.gradInput = {torch.Tensor(), torch.Tensor()}
end

--- nn.DotProduct(): Σ xᵢyᵢ of two vectors (one element), or of each pair of rows of two matrices
local DotProduct, parent = torch.class('nn.DotProduct', 'nn.Module')

function DotProduct:__init()
  parent.__init(self)
  init_pair(self)
end

function DotProduct:compute(input) return dot(rows(self, input)) end

function DotProduct:clearState()
  utils.clear(self, 'buffer')   -- files of Torch7 may hold these; so below
  return parent.clearState(self)
end

--- nn.CosineDistance(): x·y / √((|x|² + 1e-12)(|y|² + 1e-12)), the cosine of the angle between two vectors, or between
-- each pair of rows of two matrices
local CosineDistance = torch.class('nn.CosineDistance', 'nn.Module')

CosineDistance.__init = DotProduct.__init

function CosineDistance:compute(input)
  local x, y = rows(self, input)
  local squares = F.mul(F.add(dot(x, x), 1e-12), F.add(dot(y, y), 1e-12))
  return F.mul(dot(x, y), F.rsqrt(squares))
end

function CosineDistance:clearState()
  utils.clear(self, 'buffer', 'w1', 'w22', 'w', 'w32', 'ones', '_input1', '_input2')
  return parent.clearState(self)
end

--- nn.PairwiseDistance([p]): the p-norm (2) of the difference of two vectors, or of each pair of rows of two matrices;
-- its gradient is taken as 0 where they are equal.
--   nn.PairwiseDistance(1):forward{torch.Tensor{1, 2}, torch.Tensor{4, 0}}   -- 5
local PairwiseDistance = torch.class('nn.PairwiseDistance', 'nn.Module')

function PairwiseDistance:__init(p)
  parent.__init(self)
  self.norm, self.diff, self.gradInput = p or 2, torch.Tensor(), {}
end

function PairwiseDistance:compute(input)
  local x, y = rows(self, input)
  return F.squeeze(F.norm(F.sub(x, y), columns, self.norm), 1)
end

function PairwiseDistance:clearState()
  utils.clear(self, 'diff', 'outExpand', 'grad', 'ones')
  return parent.clearState(self)
end

-- -- Of matrices ------------------------------------------------------------------------------------------------

local function transpose(x)
  local dims = x:dim()
  return F.transpose(x, dims - 2, dims - 1)
end

--- nn.MM([transA[, transB]]): the product of two matrices, or of each pair of two batches of matrices; transA and
-- transB: of their transposes
local MM = torch.class('nn.MM', 'nn.Module')

function MM:__init(transA, transB)
  parent.__init(self)
  self.transA, self.transB = transA or false, transB or false
  init_pair(self)
end

function MM:compute(input)
  local a, b = inputs.pair(self, input)
  local dims = a:dim()
  if dims ~= b:dim() or dims ~= 2 and dims ~= 3 then fail(self, a, b) end
  return F.matmul(self.transA and transpose(a) or a, self.transB and transpose(b) or b)
end

--- nn.MV([trans]): the product of a matrix and a vector, or of a batch of matrices and the rows of a matrix; trans: of
-- the matrices' transposes
local MV = torch.class('nn.MV', 'nn.Module')

function MV:__init(trans)
  parent.__init(self)
  if trans ~= nil and type(trans) ~= 'boolean' then
    errors.fail('MV: expected true or false for trans, got %s', tostring(trans))
  end
  self.trans = trans or false
  init_pair(self)
end

function MV:compute(input)
  local m, v = inputs.pair(self, input)
  local dims = m:dim()
  if dims ~= v:dim() + 1 or dims ~= 2 and dims ~= 3 then fail(self, m, v) end
  if self.trans then m = transpose(m) end
  return F.squeeze(F.matmul(m, F.unsqueeze(v, dims - 1)), dims - 1)
end

return {DotProduct = DotProduct, CosineDistance = CosineDistance, PairwiseDistance = PairwiseDistance, MM = MM,
        MV = MV}
