--- nn.ExpandAs(): of {a, b}, a and b spread over a's sizes.
--   nn.ExpandAs():forward{torch.ones(2, 3), torch.Tensor{{5, 6, 7}}}[2]   -- 2x3
local torch = require 'torch'
local F = require('torch.op').F
local inputs = require 'nn.inputs'

local ExpandAs, parent = torch.class('nn.ExpandAs', 'nn.Module')

function ExpandAs:__init()
  parent.__init(self)
  self.output, self.gradInput = {}, {}
end

function ExpandAs:compute(input)
  local a, b = inputs.pair(self, input)
  return {F.alias(a), F.expand(b, a)}
end

return ExpandAs
