--- Guests: modules with a backward of their own, on a tape that the user has open.
local class = require 'torch.class'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'
local leaf = require 'nn.leaf'

local state, is_tensor = op.state, handle.is_tensor

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

--- Runs a hand-written module on an open tape, as one op that can be differentiated once.
return function(module, input)
  local out = op.unrecorded(module.updateOutput, module, input)
  if not is_tensor(out) then return out end
  local list = leaf.flatten(input, {})
  local count = #list
  for _, p in ipairs(module:parameters() or {}) do list[#list + 1] = p end
  local name = class.type(module)
  local row = op.unlisted(name)
  row.vjp_list = function(g)
    if state.tape then
      errors.fail('%s: its backward is written by hand, so it can be differentiated only once; define compute(input)',
                  name)
    end
    local grads = leaf.flatten(module:updateGradInput(input, g), {})
    for i = 1, count do grads[i] = grads[i] and grads[i]:clone() end
    for i, p in ipairs(parameter_gradients(module, input, g)) do grads[count + i] = p end
    return grads
  end
  module.output = handle.alias(out)
  return op.record(row, module.output, list)
end
