--- nn.Clip(minval, maxval): elements outside minval … maxval become the nearer bound; unlike nn.Clamp's, the gradient
-- goes back as it came.
--   nn.Clip(0, 1):forward(torch.Tensor{-2, 0.5, 3})   -- 0, 0.5, 1
local torch = require 'torch'
local autograd = require 'autograd'
local errors = require 'torch.errors'
local F = require('torch.op').F

local Clip, parent = torch.class('nn.Clip', 'nn.Module')

local clipped = autograd.custom {
  name = 'Clip',
  forward = function(x, low, high) return F.clamp(x, low, high) end,
  vjp = function(g) return g end,
}

function Clip:__init(minval, maxval)
  parent.__init(self)
  if type(minval) ~= 'number' or type(maxval) ~= 'number' then
    errors.fail('Clip: expected two numbers, got %s and %s', torch.type(minval), torch.type(maxval))
  end
  self.minval, self.maxval = minval, maxval
end

function Clip:compute(input) return clipped(input, self.minval, self.maxval) end

return Clip
