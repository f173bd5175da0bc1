--- nn.NormStabilizer([beta]): gives its input, N×C, a step a forward; going back, it pulls the norms of neighbouring
-- steps together: the gradient of beta (1) times the mean over the samples of (‖h_t‖ − ‖h_{t−1}‖)² is
-- added. updateLoss() gives beta · Σ_t mean (‖h_t‖ − ‖h_{t−1}‖)² / T. Behind a recurrent module.
-- Source: Krueger and Memisevic, "Regularizing RNNs by Stabilizing Activations", 2015 (arXiv:1511.08400).
local torch = require 'torch'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'

local NormStabilizer, parent = torch.class('nn.NormStabilizer', 'nn.AbstractRecurrent')

function NormStabilizer:__init(beta)
  parent.__init(self)
  self.beta = beta or 1
  self:setStepModule(nn.CopyGrad())
end

function NormStabilizer:updateOutput(input)
  if input:dim() ~= 2 then errors.fail('NormStabilizer: expected a matrix, got %s', sizes.text(input)) end
  local output = self:run(input)
  if self.train ~= false then
    local module = self:getStepModule(self.step)
    module.norm = output:norm(2, 2)
  end
  return self:finish(output)
end

-- ‖h_step‖ − ‖h_other‖ for each sample; nothing where there is no such step.
local function gaps(self, step, other)
  if other < 1 or other >= self.step then return nil end
  return self:getStepModule(step).norm - self:getStepModule(other).norm
end

--- The loss of the sequence so far.
function NormStabilizer:updateLoss()
  local sum = 0
  for step = 2, self.step - 1 do sum = sum + gaps(self, step, step - 1):pow(2):mean() end
  self.loss = self.beta * sum / (self.step - 1)
  return self.loss
end

function NormStabilizer:_updateGradInput(input, gradOutput)
  local step = self.updateGradInputStep - 1
  local module = self:getStepModule(step)
  local gradInput, output = module:updateGradInput(input, gradOutput), module.output
  for _, other in ipairs {step - 1, step + 1} do
    local gap = gaps(self, step, other)
    if gap then
      local factor = gap:mul(2 * self.beta / output:size(1)):cdiv(module.norm)
      gradInput:addcmul(factor:expandAs(output), output)
    end
  end
  return gradInput
end

-- It has no parameters.
function NormStabilizer._accGradParameters() end

function NormStabilizer.__tostring__() return 'nn.NormStabilizer' end

return NormStabilizer
