--- Small layers that recurrent nets are made of: nn.LinearNoBias, nn.SAdd, nn.CopyGrad.
local torch = require 'torch'
local F = require('torch.op').F
local utils = require 'nn.utils'

--- nn.LinearNoBias(inputSize, outputSize): nn.Linear without bias.
local LinearNoBias, Linear = torch.class('nn.LinearNoBias', 'nn.Linear')

function LinearNoBias:__init(inputSize, outputSize) Linear.__init(self, inputSize, outputSize, false) end

--- nn.SAdd(addend[, negate]): x + addend, or −(x + addend) with negate.
local SAdd, parent = torch.class('nn.SAdd', 'nn.Module')

function SAdd:__init(addend, negate)
  parent.__init(self)
  self.addend, self.negate = addend, negate or false
end

function SAdd:compute(input)
  local sum = F.add(input, self.addend)
  return self.negate and F.neg(sum) or sum
end

--- nn.CopyGrad(): gives its input; gradInput is a copy of gradOutput, which may be changed.
local CopyGrad = torch.class('nn.CopyGrad', 'nn.Identity')

function CopyGrad:updateGradInput(_, gradOutput)
  self.gradInput = utils.recursiveCopy(self.gradInput, gradOutput)
  return self.gradInput
end

return {LinearNoBias = LinearNoBias, SAdd = SAdd, CopyGrad = CopyGrad}
