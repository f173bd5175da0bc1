--- Guests: modules and criteria with a backward of their own, on a tape that the user has open.
local class = require 'torch.class'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'
local leaf = require 'nn.leaf'

local F, state, is_tensor = op.F, op.state, handle.is_tensor

-- The gradients of a guest's parameters alone, leaving what it had accumulated.
local function parameter_gradients(module, input, g)
  local _, grads = module:parameters()
  local kept, found = {}, {}
  for i, grad in ipairs(grads or {}) do
    kept[i] = grad:clone()
    grad:zero()
  end
  module:accGradParameters(input, g, 1)
  for i, grad in ipairs(grads or {}) do
    found[i] = grad:clone()
    grad:copy(kept[i])
  end
  return found
end

-- The gradients of inputs and parameters by the module's own backward.
local function module_gradients(module, input, g, count)
  local grads = leaf.flatten(module:updateGradInput(input, g), {})
  for i = 1, count do grads[i] = grads[i] and grads[i]:clone() end
  for i, p in ipairs(parameter_gradients(module, input, g)) do grads[count + i] = p end
  return grads
end

local function criterion_gradients(criterion, input, target, g)
  local grads = leaf.flatten(criterion:updateGradInput(input, target), {})
  for i, x in ipairs(grads) do grads[i] = F.mul(x, g:item()) end
  return grads
end

-- out, made of the tensors in list, as one op of the open tape; back(g) gives their gradients.
local function record(module, out, list, back)
  local name = class.type(module)
  local row = op.unlisted(name)
  row.vjp_list = function(g)
    if state.tape then
      errors.fail('%s: its backward is written by hand, so it can be differentiated only once; define compute(input)',
                  name)
    end
    return back(g)
  end
  module.output = out
  return op.record(row, out, list)
end

local guest = {}

--- Runs a hand-written module on an open tape, as one op that can be differentiated once.
function guest.module(module, input)
  local out = op.unrecorded(module.updateOutput, module, input)
  if not is_tensor(out) then return out end
  local list = leaf.flatten(input, {})
  local count = #list
  for _, p in ipairs(module:parameters() or {}) do list[#list + 1] = p end
  return record(module, handle.alias(out), list, function(g) return module_gradients(module, input, g, count) end)
end

--- The same for a hand-written criterion: its loss as a tensor of one element.
function guest.criterion(criterion, input, target)
  local loss = op.unrecorded(criterion.updateOutput, criterion, input, target)
  local list = leaf.flatten(input, {})
  if is_tensor(loss) or #list == 0 then return loss end
  local out = handle.like(list[1]):resize(1):fill(loss)
  return record(criterion, out, list, function(g) return criterion_gradients(criterion, input, target, g) end)
end

return guest
