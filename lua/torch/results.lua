--- Results that users give: tensors that stand first and take what an op computed.
local C = require 'torch.ffi'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'

local is_tensor, layout, call = handle.is_tensor, handle.layout, memory.call

local results = {}

--- Puts out into the memory of result, which gets its sizes, and gives result.
function results.into(result, out)
  if rawequal(result, out) then return result end
  if not is_tensor(result) then op.expected_tensor('the result', result) end
  call(C.mt_tensor_resize, result, layout(out).dim, layout(out).size)
  call(C.mt_copy, result, out)
  return op.record(op.by_name.copy, result, out, nil, nil, nil, nil, nil, nil, true)
end

local function is_apart(result, x)
  return is_tensor(x) and handle.kind(result) == handle.kind(x) and
    handle.memory_address(result) ~= handle.memory_address(x)
end

--- result, when an op may write right into it: nothing is being recorded, and it is of the type of the operands (one
-- or a list of them), but in other memory. Otherwise nil: the op makes a tensor of its own, for results.into.
function results.target(result, operands)
  if op.state.tape or not is_tensor(result) then return nil end
  if type(operands) ~= 'table' then return is_apart(result, operands) and result or nil end
  for i = 1, #operands do
    if not is_apart(result, operands[i]) then return nil end
  end
  return result
end

local function check(name, x)
  if not is_tensor(x) then op.expected_tensor(name, x) end
end

--- Two results may stand first, for values and for places: gives both, or nil, and then the rest. name: for errors
function results.read(name, a, b, c, ...)
  if is_tensor(c) then
    check(name, a)
    check(name, b)
    return a, b, c, ...
  end
  check(name, a)
  if not is_tensor(b) then return nil, nil, a, b, c, ... end
  if layout(a).dtype == C.MT_INT64 and layout(b).dtype ~= C.MT_INT64 then return nil, a, b, c, ... end
  return a, nil, b, c, ...
end

--- Puts values and places into the results given, if any.
function results.finish(values, places, out, index)
  return values and results.into(values, out) or out, places and results.into(places, index) or index
end

return results
