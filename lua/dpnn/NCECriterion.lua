--- nn.NCECriterion(): the loss for what nn.NCEModule gives, {Pmt, Pms, Pnt, Pns}: the model's probabilities of the
-- target (N) and of k noise samples (N×k), and the noise's of the same. The loss is minus the log-probability that
-- targets are told from noise: Pmt / (Pmt + k Pnt) for targets, k Pns / (Pms + k Pns) for noise; divided by N unless
-- sizeAverage is false. The noise's probabilities get no gradient.
-- Source: Mnih and Teh, "A fast and simple algorithm for training neural probabilistic language models", 2012.
local torch = require 'torch'
local autograd = require 'autograd'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'
local F = require('torch.op').F
local losses = require 'nn.losses'

local NCECriterion, parent = torch.class('nn.NCECriterion', 'nn.Criterion')

local tiny = 1e-7   -- keeps slopes finite where a probability is 0

function NCECriterion:__init()
  parent.__init(self)
  self.sizeAverage = true
  self.gradInput = {torch.Tensor(), torch.Tensor(), torch.Tensor(), torch.Tensor()}
end

local function check(self, input)
  if type(input) ~= 'table' or #input ~= 4 then
    errors.fail('NCECriterion: expected a table of 4 tensors, got %s', torch.type(input))
  end
  for i, dims in ipairs {1, 2, 1, 2} do
    if losses.check(self, input[i]):dim() ~= dims then
      errors.fail('NCECriterion: expected %d dimensions of input %d, got %s', dims, i, sizes.text(input[i]))
    end
  end
end

-- model + k noise
local function both(model, noise, k) return F.add(F.add(model, F.mul(noise, k)), tiny) end

-- The logarithms of the model's share, and of the noise's; only the model has a gradient.
local log_model = autograd.custom {
  name = 'NCECriterion',
  forward = function(model, noise, k) return F.log(F.div(model, both(model, noise, k))) end,
  vjp = function(g, _, model, noise, k)
    return F.div(F.mul(F.mul(g, k), noise), F.mul(F.add(model, tiny), both(model, noise, k)))
  end,
}

local log_noise = autograd.custom {
  name = 'NCECriterion',
  forward = function(model, noise, k) return F.log(F.div(F.mul(noise, k), both(model, noise, k))) end,
  vjp = function(g, _, model, noise, k)
    return F.neg(F.div(F.mul(g, model), F.mul(F.add(model, tiny), both(model, noise, k))))
  end,
}

function NCECriterion:compute(input)
  check(self, input)
  local Pmt, Pms, Pnt, Pns = input[1], input[2], F.detach(input[3]), F.detach(input[4])
  local k = Pms:size(2)
  local loss = F.neg(F.add(F.sum(log_model(Pmt, Pnt, k), 0), F.sum(log_noise(Pms, Pns, k), 0)))
  return self.sizeAverage and F.div(loss, Pmt:size(1)) or loss
end

return NCECriterion
