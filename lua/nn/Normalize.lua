--- nn.Normalize(p[, eps]): a vector, or each row of a matrix, divided by its p-norm: x / (Σ|x|^p + eps)^(1/p), and for
-- p = math.huge x / (max|x| + eps). eps is 1e-10 unless given.
--   nn.Normalize(2):forward(torch.Tensor{3, 4})   -- 0.6, 0.8
local torch = require 'torch'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local utils = require 'nn.utils'

local Normalize, parent = torch.class('nn.Normalize', 'nn.Module')

function Normalize:__init(p, eps)
  parent.__init(self)
  if type(p) ~= 'number' or p <= 0 then errors.fail('Normalize: expected a norm p > 0, got %s', tostring(p)) end
  self.p, self.eps = p, eps or 1e-10
end

-- Σ|x|^p of each row, whose slope at 0 is 0 for p > 1.
local function power_sum(x, p)
  local columns = 2   -- dimension 1, as a set
  if p == 1 then return F.sum(F.abs(x), columns) end
  if p == 2 then return F.sum(F.square(x), columns) end
  return F.sum(F.pow(p % 2 == 0 and x or F.abs(x), p), columns)
end

function Normalize:compute(input)
  local dims, p = input:dim(), self.p
  if dims ~= 1 and dims ~= 2 then
    errors.fail('Normalize: expected a vector or a matrix, got %s', sizes.text(input))
  end
  local norm
  local rows = dims == 1 and F.unsqueeze(input, 0) or input
  if p == math.huge then
    norm = F.add(F.max(F.abs(rows), 1), self.eps)
  else
    norm = F.add(power_sum(rows, p), self.eps)
    if p == 2 then norm = F.sqrt(norm) elseif p ~= 1 then norm = F.pow(norm, 1 / p) end
  end
  local out = F.div(rows, norm)
  return dims == 1 and F.squeeze(out, 0) or out
end

-- Files of Torch7 may hold these.
function Normalize:clearState()
  utils.clear(self, '_output', '_indices', '_gradInput', 'buffer', 'buffer2', 'norm', 'normp', 'cross')
  return parent.clearState(self)
end

function Normalize:type(type, cache)
  if type then self._indices = nil end
  return parent.type(self, type, cache)
end

function Normalize:__tostring__()
  return (self.p % 1 == 0 and self.p ~= math.huge and '%s(%d)' or '%s(%f)'):format(torch.type(self), self.p)
end

return Normalize
