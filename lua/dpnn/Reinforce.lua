--- nn.Reinforce([stochastic]): the parent of modules that draw their output at random and learn from a reward instead
-- of a gradient: going back, they give −reward · ∇ log p(output | input), whatever gradOutput is. A criterion
-- hands them the reward (nn.VRClassReward), or reinforce(reward) does: a vector with one entry for each sample.
-- stochastic: draws when evaluating, too; otherwise the mean, or the probabilities, come out then.
-- A child class defines draw(input, out), mean(input, out) and slope(input, output) → ∇ log p, of the input's
-- structure.
-- Source: Williams, "Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement Learning", 1992.
local torch = require 'torch'
local autograd = require 'autograd'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'
local sizes = require 'torch.sizes'
local leaf = require 'nn.leaf'
local scratch = require 'nn.scratch'
local utils = require 'nn.utils'

local F, state, is_tensor = op.F, op.state, handle.is_tensor

local Reinforce, parent = torch.class('nn.Reinforce', 'nn.Module')

function Reinforce:__init(stochastic)
  parent.__init(self)
  self.stochastic = stochastic
end

function Reinforce:reinforce(reward)
  parent.reinforce(self, reward)
  self.reward = reward
end

--- The reward, spread over the sizes of x.
function Reinforce:rewardAs(x)
  local reward = self.reward
  if not is_tensor(reward) then errors.fail('%s: no reward has been given', torch.type(self)) end
  if reward:isSameSizeAs(x) then return reward end
  local n = reward:nElement()
  local is_batch = x:dim() > 0 and x:size(1) == n
  if not is_batch and n ~= 1 then
    errors.fail('%s: %d rewards for an input of sizes %s', torch.type(self), n, sizes.text(x))
  end
  local shape = {}
  for i = 1, x:dim() do shape[i] = 1 end
  shape[1] = n
  return reward:contiguous():view(unpack(shape)):expandAs(x)
end

function Reinforce:draw(input, out) return self:mean(input, out) end
function Reinforce:mean(input, out) return out:resizeAs(input):copy(input) end
function Reinforce:slope(input) return F.mul(input, 0) end

-- The first tensor of the input: what the output is like.
local function model(input) return is_tensor(input) and input or input[1] end

local function fill(self, input, out)
  if self.stochastic or self.train ~= false then return self:draw(input, out) end
  return self:mean(input, out)
end

-- On the user's tape the draw is one op of its own, whose gradient is the reward's.
local drawn = autograd.custom {
  name = 'Reinforce',
  forward = function(self, ...)
    local input = select('#', ...) == 1 and (...) or {...}
    return fill(self, input, handle.like(model(input)))
  end,
  vjp = function(_, out, self, ...)
    return nil, unpack(self:gradients(select('#', ...) == 1 and (...) or {...}, out))
  end,
}

--- The gradients by the input's tensors, as a list.
function Reinforce:gradients(input, output)
  local slopes = leaf.flatten(self:slope(input, output), {})
  for i, slope in ipairs(slopes) do slopes[i] = F.neg(F.mul(slope, self:rewardAs(slope))) end
  return slopes
end

function Reinforce:updateOutput(input)
  if state.tape then return leaf.give(self, drawn(self, unpack(leaf.flatten(input, {})))) end
  return fill(self, input, leaf.own_output(self, model(input)))
end

-- Writes the gradients into tensors of the module's own.
local function go_back(self, input, to)
  for i, g in ipairs(self:gradients(input, self.output)) do to[i]:resizeAs(g):copy(g) end
end

function Reinforce:updateGradInput(input)
  local inputs, to = leaf.flatten(input, {}), {}
  for i, x in ipairs(inputs) do
    to[i] = utils.fit(is_tensor(self.gradInput) and self.gradInput or self.gradInput[i], x)
  end
  scratch(go_back, self, input, to)
  self.gradInput = is_tensor(input) and to[1] or to
  return self.gradInput
end

return Reinforce
