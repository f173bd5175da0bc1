--- nn.TotalDropout([p]): while training, the whole input becomes 0 with probability p (0.5); self.noise, 0 or 1, says
-- which it was. It gives its input when evaluating.
local torch = require 'torch'
local errors = require 'torch.errors'
local F = require('torch.op').F
local leaf = require 'nn.leaf'

local TotalDropout, parent = torch.class('nn.TotalDropout', 'nn.Module')

function TotalDropout:__init(p)
  parent.__init(self)
  self.p, self.train = p or 0.5, true
  if type(self.p) ~= 'number' or not (self.p >= 0 and self.p < 1) then
    errors.fail('TotalDropout: expected a probability p with 0 <= p < 1, got %s', tostring(p))
  end
end

function TotalDropout:compute(input)
  if not self.train then return F.alias(input) end
  if not leaf.is_again(self) then self.noise = torch.bernoulli(1 - self.p) end
  return F.mul(input, self.noise)
end

function TotalDropout:__tostring__() return ('%s(%f)'):format(torch.type(self), self.p) end

return TotalDropout
