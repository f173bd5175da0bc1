--- nn.TrimZero(module, nInputDim[, silent]): as nn.MaskZero, but samples whose input is 0 in all elements are left out
-- of the batch that the module sees, which saves their time.
local torch = require 'torch'
local handle = require 'torch.handle'
local op = require 'torch.op'
local errors = require 'torch.errors'
local masks = require 'rnn.masks'
local utils = require 'nn.utils'

local F, state = op.F, op.state

local TrimZero, parent = torch.class('nn.TrimZero', 'nn.MaskZero')

function TrimZero:__init(module, nInputDim, silent)
  parent.__init(self, module, nInputDim, silent)
  if torch.isTypeOf(module, 'nn.AbstractRecurrent') and module.p and module.p ~= 0 and not module.mono then
    errors.fail('TrimZero: with dropout inside, %s has to be made with mono', torch.type(module))
  end
end

-- f(to, x) for each tensor of x, in to where it fits.
local function map(to, x, f)
  if handle.is_tensor(x) then return f(utils.fit(to, x), x) end
  local out = type(to) == 'table' and to or {}
  for i, v in ipairs(x) do out[i] = map(out[i], v, f) end
  for i = #x + 1, #out do out[i] = nil end
  return out
end

-- The samples kept of a batch x.
local function trim(self, to, x)
  return map(to, x, function(out, t)
    if state.tape then return t:index(1, self.kept) end
    return out:index(t, 1, self.kept)
  end)
end

-- A batch of n samples with those of x at their places, and 0 elsewhere.
local function fill(self, to, x, n)
  return map(to, x, function(out, t)
    local size = t:size()
    size[1] = n
    if state.tape then out = t.new() end
    return out:resize(size):zero():indexCopy(1, self.kept, t)
  end)
end

-- 0 of x's structure and sizes.
local function zeros(to, x)
  return map(to, x, function(out, t) return out:resizeAs(t):zero() end)
end

-- With no sample kept, the module's own sizes come from a run on one sample of zeros.
local function all_zero(self, input)
  local one = self.batchmode and map(nil, input, function(_, t) return t:narrow(1, 1, 1) end) or input
  local out = op.unrecorded(self.modules[1].forward, self.modules[1], one)
  local n = self.zeroMask:size(1)
  return map(self.output, out, function(to, t)
    local size = t:size()
    if self.batchmode then size[1] = n end
    return to:resize(size):zero()
  end)
end

function TrimZero:updateOutput(input)
  local first = F.detach(masks.first(input))
  self.zeroMask, self.batchmode = masks.of(self, first, self.nInputDim)
  self.kept = masks.kept(self.zeroMask)
  if not self.kept then
    self.output = all_zero(self, input)
  elseif not self.batchmode then
    self.output = utils.recursiveCopy(self.output, self.modules[1]:forward(input))
  else
    self.temp = trim(self, self.temp, input)
    self.output = fill(self, self.output, self.modules[1]:forward(self.temp), first:size(1))
  end
  return self.output
end

function TrimZero:updateGradInput(input, gradOutput)
  if not self.kept then
    self.gradInput = zeros(self.gradInput, input)
  elseif not self.batchmode then
    self.gradInput = self.modules[1]:updateGradInput(input, gradOutput)
  else
    self.gradTemp = trim(self, self.gradTemp, gradOutput)
    local g = self.modules[1]:updateGradInput(self.temp, self.gradTemp)
    self.gradInput = fill(self, self.gradInput, g, self.zeroMask:size(1))
  end
  return self.gradInput
end

local function accumulate(self, method, input, gradOutput, factor)
  if not self.kept then return end
  if self.batchmode then input, gradOutput = self.temp, self.gradTemp end
  self.modules[1][method](self.modules[1], input, gradOutput, factor)
end

function TrimZero:accGradParameters(input, gradOutput, scale)
  accumulate(self, 'accGradParameters', input, gradOutput, scale)
end

function TrimZero:accUpdateGradParameters(input, gradOutput, lr)
  accumulate(self, 'accUpdateGradParameters', input, gradOutput, lr)
end

function TrimZero:clearState()
  self.temp, self.gradTemp, self.kept = nil, nil, nil
  return parent.clearState(self)
end

return TrimZero
