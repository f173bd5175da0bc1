--- Methods that dpnn adds to nn.Module, nn.Container and nn.Criterion: rewards, batches of one, small helpers.
local torch = require 'torch'
local errors = require 'torch.errors'
local sizes = require 'torch.sizes'

local Module, Container = torch.getmetatable('nn.Module'), torch.getmetatable('nn.Container')
local Criterion = torch.getmetatable('nn.Criterion')

-- The names of the fields that hold parameters, and their gradients: what clones may share, and what need not be saved.
Module.dpnn_parameters = {'weight', 'bias'}
Module.dpnn_gradParameters = {'gradWeight', 'gradBias'}

--- Hands a reward, a vector with one entry for each sample, to all modules that learn from rewards.
function Module:reinforce(reward)
  for _, module in ipairs(self.modules or {}) do module:reinforce(reward) end
end

--- Adds several modules; gives the container: net:extend(nn.Linear(4, 8), nn.Tanh())
function Container:extend(...)
  for _, module in ipairs {...} do self:add(module) end
  return self
end

--- Takes the module out of training: nothing goes back through it, and its parameters stay.
function Module:dontBackward()
  for _, name in ipairs {'backward', 'updateGradInput', 'accGradParameters', 'accUpdateGradParameters'} do
    self[name] = function() end
  end
  return self
end

--- The sizes of the output for an input of the given sizes (a table, a LongStorage or a number).
--   nn.Linear(4, 2):outside{3, 4}   -- 3, 2
function Module:outside(insize)
  local input = type(insize) == 'table' and torch.randn(unpack(insize)) or torch.randn(insize)
  return self:updateOutput(input):size()
end

--- Calls visitor:visit(module).
function Module:accept(visitor) visitor:visit(self) end

--- The type that most of the parameters have; nil without parameters.
function Module:extrapolateType()
  local count, best = {}, nil
  for _, p in ipairs(self:parameters() or {}) do
    local type = torch.type(p)
    count[type] = (count[type] or 0) + 1
    if not best or count[type] > count[best] then best = type end
  end
  return best
end

--- input with its elements in order, copied where they do not lie so. is_back: what was made of it going forward.
function Module:contiguousInput(input, is_back)
  if is_back then return self.dpnn_cinput or input end
  self.dpnn_cinput = nil
  if not input:isContiguous() then
    self.dpnn_cinput = input:clone()
    return self.dpnn_cinput
  end
  return input
end

--- t as a batch: one of nDim dimensions, a single sample, gets a dimension of size 1 at batchDim (1).
function Module:toBatch(t, nDim, batchDim)
  self.dpnn_online = t:dim() == nDim
  return self.dpnn_online and t:unsqueeze(batchDim or 1) or t
end

--- Undoes toBatch.
function Module:fromBatch(t, batchDim)
  if not self.dpnn_online then return t end
  batchDim = batchDim or 1
  if t:size(batchDim) ~= 1 then
    errors.fail('fromBatch: expected size 1 in dimension %d, got %s', batchDim, sizes.text(t))
  end
  return t:squeeze(batchDim)
end

Criterion.toBatch, Criterion.fromBatch = Module.toBatch, Module.fromBatch
