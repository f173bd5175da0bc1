--- autograd.runtime.codegen.Value: scripts for torch-autograd ask it for the lengths of tables inside of differentiated
-- functions, and what a value is. Here a value is the tensor or table itself.
local handle = require 'torch.handle'
local op = require 'torch.op'

local Value = {}

--- Value.len(t) is #t.
function Value.len(t) return #t end

--- Value.isValue(x): whether x is a tensor that is being recorded.
function Value.isValue(x)
  return handle.is_tensor(x) and op.state.tape ~= nil and op.state.tape.slot[x] ~= nil
end

return Value
