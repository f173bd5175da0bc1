--- nn.Dropout, nn.SpatialDropout, nn.VolumetricDropout.
-- nn.Dropout([p[, v1[, inplace[, stochasticInference]]]]): while training, sets each element to 0 with probability
-- p (0.5) and scales the others by 1 / (1 − p), so that nothing needs to be done when evaluating. v1: scales by 1 − p
-- when evaluating instead. inplace: the input's memory takes the output. stochasticInference: drops when evaluating.
-- Source: Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'
local sizes = require 'torch.sizes'
local leaf = require 'nn.leaf'
local utils = require 'nn.utils'

local F, state = op.F, op.state

local Dropout, parent = torch.class('nn.Dropout', 'nn.Module')

local function check(self, p)
  if type(p) ~= 'number' or not (p >= 0 and p < 1) then
    errors.fail('%s: expected a probability p with 0 <= p < 1, got %s', torch.type(self), tostring(p))
  end
  return p
end

function Dropout:__init(p, v1, inplace, stochasticInference)
  parent.__init(self)
  self.p, self.v2, self.inplace = check(self, p or 0.5), not v1, inplace
  self.train, self.stochastic_inference = true, stochasticInference or false
  self.noise = torch.Tensor()
end

--- Changes the probability.
function Dropout:setp(p) self.p = check(self, p) end

local function is_dropping(self)
  return self.p > 0 and (self.train or self.stochastic_inference)
end

local function draw(self, noise, input)
  if not self:is_due() then return self:size_noise(self.noise, input) end
  self:size_noise(noise, input):bernoulli(1 - self.p)
  if self.v2 then noise:div(1 - self.p) end
  self.noise = noise
  return noise
end

--- The noise with as many elements as are drawn for an input.
function Dropout.size_noise(_, noise, input) return noise:resizeAs(input) end

--- Whether a forward draws new noise.
function Dropout.is_due() return true end

-- On the user's tape an earlier use may still need its noise, so this one gets its own.
function Dropout:compute(input)
  if is_dropping(self) then return F.mul(input, draw(self, handle.like(input), input)) end
  return (self.v2 or self.p == 0) and F.alias(input) or F.mul(input, 1 - self.p)
end

-- Both halves are written out, so that going back never draws again. The output lets go of its memory first, which may
-- be that of an earlier input.
function Dropout:updateOutput(input)
  if state.tape then return leaf.give(self, self:compute(input)) end
  local out = leaf.own_output(self, input)
  if self.inplace then out:set(input) else out:set() end
  if is_dropping(self) then return out:cmul(input, draw(self, utils.fit(self.noise, input), input)) end
  if self.v2 or self.p == 0 then return out:set(input) end
  return out:mul(input, 1 - self.p)
end

function Dropout:updateGradInput(_, gradOutput)
  if self.gradInput == nil then return nil end
  local out = utils.fit(self.gradInput, gradOutput):set()
  self.gradInput = out
  if is_dropping(self) then return out:cmul(gradOutput, self.noise) end
  if self.v2 or self.p == 0 then return out:set(gradOutput) end
  return out:mul(gradOutput, 1 - self.p)
end

function Dropout:clearState()
  utils.clear(self, 'noise')
  return parent.clearState(self)
end

function Dropout:__tostring__() return ('%s(%f)'):format(torch.type(self), self.p) end

-- -- Whole features ---------------------------------------------------------------------------------------------

-- A class that drops whole features, which have so many dimensions each.
local function feature_dropout(name, dims)
  local class = torch.class(name, 'nn.Module')
  class.setp, class.compute, class.clearState = Dropout.setp, Dropout.compute, Dropout.clearState
  class.is_due = Dropout.is_due
  class.updateOutput, class.updateGradInput = Dropout.updateOutput, Dropout.updateGradInput
  class.__tostring__ = Dropout.__tostring__

  function class:__init(p, stochasticInference)
    parent.__init(self)
    self.p, self.train, self.stochastic_inference = check(self, p or 0.5), true, stochasticInference or false
    self.noise = torch.Tensor()
  end

  function class:size_noise(noise, input)
    local size = sizes.table(input)
    local lead = #size - dims
    if lead ~= 1 and lead ~= 2 then
      errors.fail('%s: expected %d or %d dimensions, got %s', torch.type(self), dims + 1, dims + 2, sizes.text(input))
    end
    for i = lead + 1, #size do size[i] = 1 end
    return noise:resize(size)
  end

  return class
end

--- nn.SpatialDropout([p[, stochasticInference]]): as nn.Dropout, but it drops whole planes of C×H×W or N×C×H×W, and,
-- as nn.Dropout with v1, scales by 1 − p when evaluating.
-- Source: Tompson et al., "Efficient Object Localization Using Convolutional Networks", 2014 (arXiv:1411.4280).
local SpatialDropout = feature_dropout('nn.SpatialDropout', 2)

--- nn.VolumetricDropout([p[, stochasticInference]]): the same for C×T×H×W or N×C×T×H×W
local VolumetricDropout = feature_dropout('nn.VolumetricDropout', 3)

return {Dropout = Dropout, SpatialDropout = SpatialDropout, VolumetricDropout = VolumetricDropout}
