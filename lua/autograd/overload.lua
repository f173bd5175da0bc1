--- autograd.overload.module(name, t, declare): gives functions in the table t gradients of their own, so that calls to
-- t.f inside a differentiated function are recorded as one op. declare(module) is called at once, with
--   module.gradient('f', rules)   rules[i](g, out, …) gives the gradient of argument i, from that of the result and the
--                                 arguments as f got them; nil for none
--   module.initializer('f', …), module.static('f', …), module.ignore, module.dynamic('f', …)   their results are taken
--                                 as constants
--   module.unsupported('f', …)    calling these with something recorded is an error
-- Functions that are written with torch's ops need none of this. install() and uninstall(), which switch recording on
-- and off in torch-autograd, are not needed.
--   autograd.overload.module('mine', mine, function(module)
--     module.gradient('cube', {function(g, _, x) return torch.cmul(g, torch.pow(x, 2)) * 3 end})
--   end)
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'

local state, is_tensor = op.state, handle.is_tensor

local overload = {}

local function any_recorded(...)
  local tape = state.tape
  for i = 1, tape and select('#', ...) or 0 do
    local x = select(i, ...)
    if is_tensor(x) and tape.slot[x] then return true end
  end
  return false
end

-- f as one op of the open tape, whose gradients by its tensors are the rules'.
local function with_rules(name, f, rules)
  return function(...)
    if not any_recorded(...) then return f(...) end
    local args, n, list, places = {...}, select('#', ...), {}, {}
    for i = 1, n do
      if is_tensor(args[i]) then list[#list + 1], places[#places + 1] = args[i], i end
    end
    local out = op.unrecorded(f, ...)
    if not is_tensor(out) then return out end
    for _, x in ipairs(list) do
      if rawequal(x, out) then out = handle.alias(out) end
    end
    local row = op.unlisted(name)
    row.vjp_list = function(g, result)
      local grads = {}
      for k, i in ipairs(places) do
        grads[k] = rules[i] and rules[i](g, result, unpack(args, 1, n)) or nil
      end
      return grads
    end
    return op.record(row, out, list)
  end
end

local function each(t, what)
  return function(...)
    for _, name in ipairs {...} do
      if type(t[name]) == 'function' then t[name] = what(name, t[name]) end
    end
  end
end

local function constant(_, f)
  return function(...) return op.unrecorded(f, ...) end
end

local function refusing(name, f)
  return function(...)
    if any_recorded(...) then errors.fail('%s: it is declared to have no gradient', name) end
    return f(...)
  end
end

--- autograd.overload.module(name, t, declare): see above.
function overload.module(name, t, declare)
  if type(t) ~= 'table' or type(declare) ~= 'function' then
    errors.fail('overload.module: expected a name, a table of functions and a function, got %s, %s and %s', type(name),
                type(t), type(declare))
  end
  local constants = each(t, constant)
  declare {
    gradient = function(f, rules)
      if type(t[f]) ~= 'function' then errors.fail('overload.module: %s has no function %s', tostring(name), f) end
      t[f] = with_rules(('%s.%s'):format(name, f), t[f], rules)
    end,
    initializer = constants, static = constants, dynamic = constants, ignore = constants,
    unsupported = each(t, refusing),
    defaultUnsupported = function() end,   -- what has no rule here is written with ops that do
  }
end

function overload.install() end
function overload.uninstall() end

return overload
