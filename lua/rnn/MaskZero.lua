--- nn.MaskZero(module, nInputDim[, silent]): as the module, but samples whose input is 0 in all elements (the first
-- tensor's, where it is a table) give 0, and nothing goes back through them. nInputDim: the dimensions of one sample's
-- input; one more is a batch. With it, sequences of different lengths make one batch, filled up with zeros.
-- For a recurrent module, whose state is to be 0 too, see AbstractRecurrent:maskZero; silent leaves out the warning.
--   nn.MaskZero(nn.Linear(2, 1), 1):forward(torch.Tensor{{0, 0}, {1, 2}})[1][1]   -- 0
local torch = require 'torch'
local errors = require 'torch.errors'
local op = require 'torch.op'
local masks = require 'rnn.masks'
local utils = require 'nn.utils'

local F, state = op.F, op.state

local MaskZero, parent = torch.class('nn.MaskZero', 'nn.Decorator')

function MaskZero:__init(module, nInputDim, silent)
  parent.__init(self, module)
  if not torch.isTypeOf(module, 'nn.Module') or type(nInputDim) ~= 'number' then
    errors.fail('%s: expected a module and a number of dimensions, got %s and %s', torch.type(self),
                torch.type(module), torch.type(nInputDim))
  end
  if torch.isTypeOf(module, 'nn.AbstractRecurrent') and not silent then
    print(('Warning: %s around %s does not reach its state: use its method maskZero.'):format(torch.type(self),
                                                                                         torch.type(module)))
  end
  self.nInputDim = nInputDim
end

-- x with the masked samples 0, in out where it fits.
local function masked(self, out, x)
  if type(x) == 'table' then
    out = type(out) == 'table' and out or {}
    for i, v in ipairs(x) do out[i] = masked(self, out[i], v) end
    for i = #x + 1, #out do out[i] = nil end
    return out
  end
  local mask = masks.spread(self.zeroMask, self.batchmode and x or x:view(1, -1))
  if not self.batchmode then mask = mask:contiguous():viewAs(x) end
  if state.tape then return F.where(mask, 0, x) end
  return utils.fit(out, x):resizeAs(x):copy(x):maskedFill(mask, 0)
end

function MaskZero:updateOutput(input)
  self.zeroMask, self.batchmode = masks.of(self, F.detach(masks.first(input)), self.nInputDim)
  self.output = masked(self, not state.tape and self.output, self.modules[1]:forward(input))
  return self.output
end

function MaskZero:updateGradInput(input, gradOutput)
  self.gradOutput = masked(self, self.gradOutput, gradOutput)
  self.gradInput = self.modules[1]:updateGradInput(input, self.gradOutput)
  return self.gradInput
end

function MaskZero:accGradParameters(input, _, scale)
  self.modules[1]:accGradParameters(input, self.gradOutput, scale)
end

function MaskZero:accUpdateGradParameters(input, _, lr)
  self.modules[1]:accUpdateGradParameters(input, self.gradOutput, lr)
end

function MaskZero:type(type, cache)
  if type then self.zeroMask = nil end
  return parent.type(self, type, cache)
end

function MaskZero:clearState()
  self.zeroMask, self.gradOutput = nil, nil
  return parent.clearState(self)
end

return MaskZero
