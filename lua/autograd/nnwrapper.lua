--- autograd.functionalize: modules and criteria of nn, and of packages like it, as functions of their parameters.
-- Nothing here knows nn: it is loaded by its name, and only when it is asked for.
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'

local state = op.state
local is_tensor = handle.is_tensor

local wrapper = {}

local function is_module(x) return torch.isTypeOf(x, 'nn.Module') end
local function is_criterion(x) return torch.isTypeOf(x, 'nn.Criterion') end

-- -- Parameters -------------------------------------------------------------------------------------------------

-- Where a module keeps its parameters: a list of {the table, its key, which parameter}.
local function places_of(module, parameters)
  local number, places, seen = {}, {}, {}
  for i, p in ipairs(parameters) do number[p] = i end
  local function visit(t)
    if seen[t] then return end
    seen[t] = true
    for k, v in pairs(t) do
      if is_tensor(v) then
        if number[v] then places[#places + 1] = {t, k, number[v]} end
      elseif type(v) == 'table' then
        visit(v)
      end
    end
  end
  visit(module)
  local found = {}
  for _, place in ipairs(places) do found[place[3]] = true end
  if #found < #parameters then
    errors.fail('functionalize: %s holds only %d of its %d parameters in fields', torch.type(module), #found,
                #parameters)
  end
  return places
end

local function check_parameters(name, params, own)
  if type(params) ~= 'table' then
    errors.fail('%s: expected a table of its %d parameters as the first argument, got a %s', name, #own,
                torch.type(params))
  end
  for i, p in ipairs(own) do
    if not is_tensor(params[i]) or not params[i]:isSameSizeAs(p) then
      errors.fail('%s: expected a tensor of sizes %s as parameter %d, got %s', name,
                  table.concat(p:size():totable(), 'x'), i,
                  is_tensor(params[i]) and table.concat(params[i]:size():totable(), 'x') or type(params[i]))
    end
  end
end

-- The type of the first tensor in x, a tensor or a nested table of them.
local function type_of(x)
  if is_tensor(x) then return x:type() end
  for _, v in ipairs(type(x) == 'table' and x or {}) do
    local found = type_of(v)
    if found then return found end
  end
end

local types = setmetatable({}, {__mode = 'k'}) -- of criteria, which do not say it where their gradient is a table

-- Brings a module or criterion to the type of its input.
local function fit(object, input)
  local wanted = type_of(input)
  if not wanted then
    errors.fail('%s: expected a tensor, or a table of them, got a %s', torch.type(object), torch.type(input))
  end
  local current = types[object] or object:type()
  if current ~= wanted then object:type(wanted) end
  if is_criterion(object) then types[object] = wanted end
end

-- A module gives its output in the same tensors every time; a function gives new ones.
local function new_result(x)
  if is_tensor(x) then return state.tape and x or x:clone() end
  if type(x) ~= 'table' then return x end
  local out = {}
  for k, v in pairs(x) do out[k] = new_result(v) end
  return out
end

-- -- Wrapping ---------------------------------------------------------------------------------------------------

local Function = {}
Function.__index = Function

function Function:__call(...) return self.forward(...) end

local function wrap(object, forward)
  return setmetatable({module = object, forward = forward, entry = forward}, Function)
end

-- A parameter as the module gets it while it is recorded: its gradient goes into the module's own, as well as to the
-- user, as with torch-autograd.
local function recorded(module, p, grad)
  if not state.tape or not state.tape.slot[p] then return p end
  local row = op.unlisted(torch.type(module))
  row.vjp_list = function(g)
    if grad then op.unrecorded(grad.copy, grad, g) end
    return {g}
  end
  return op.record(row, handle.alias(p), {p})
end

local function wrap_module(module)
  local own = module:parameters() or {}
  if #own == 0 then
    return wrap(module, function(input)
      fit(module, input)
      return new_result(module:forward(input))
    end)
  end
  local places, at
  local function forward(params, input)
    check_parameters(torch.type(module), params, (module:parameters()))
    fit(module, input)
    local parameters, grads = module:parameters()
    if not places or parameters[1] ~= at then places = places_of(module, parameters) end
    local given = {}
    for i in ipairs(parameters) do given[i] = recorded(module, params[i], grads and grads[i]) end
    -- the module works with the tensors it is given, and keeps them: changes to them are changes to it
    for _, place in ipairs(places) do rawset(place[1], place[2], given[place[3]]) end
    at = module:parameters()[1]
    return new_result(module:forward(input))
  end
  return wrap(module, forward), own
end

local function wrap_criterion(criterion)
  return wrap(criterion, function(input, target)
    fit(criterion, input)
    local loss = criterion:forward(input, target)
    return state.tape and is_tensor(loss) and state.tape:as_number(loss) or loss
  end)
end

-- -- Packages ---------------------------------------------------------------------------------------------------

-- Whether x is the constructor of a class of modules or criteria: the class stands behind it as its metatable.
local function makes_functions(x)
  local module, criterion = torch.getmetatable('nn.Module'), torch.getmetatable('nn.Criterion')
  local class = type(x) == 'table' and getmetatable(x)
  while type(class) == 'table' do
    if class == module or class == criterion then return true end
    class = getmetatable(class)
  end
  return false
end

local function wrap_package(name)
  local loaded, package_table = pcall(require, name)
  if not loaded then errors.fail('functionalize: cannot load the package %s: %s', name, package_table) end
  local map = {}
  for key, constructor in pairs(package_table) do
    if makes_functions(constructor) then
      map[key] = function(...) return wrapper.functionalize(constructor(...)) end
    end
  end
  return map
end

--- autograd.functionalize(x): a module as a function f(params, input) and its parameters, a list of tensors; one
-- without parameters as f(input); a criterion as f(input, target), whose loss is a number. x may be the name of a
-- package: the result is then a table of constructors that give such functions. The function's module is f.module; it
-- takes the type of its input, and works on the parameters given.
--   local linear, params = autograd.functionalize(nn.Linear(4, 2))
--   local df = autograd(function(p, x) return torch.sum(linear(p, x)) end)
--   local grads = df(params, torch.randn(3, 4))   -- of the weight, 2×4, and of the bias, 2
function wrapper.functionalize(x)
  if type(x) == 'string' then return wrap_package(x) end
  if is_module(x) then return wrap_module(x) end
  if is_criterion(x) then return wrap_criterion(x) end
  return errors.fail('functionalize: expected a module, a criterion or the name of a package, got a %s', torch.type(x))
end

wrapper.functionalizePackage = wrap_package

local packages = {}

--- The functions of a package, made once.
function wrapper.package(name)
  packages[name] = packages[name] or wrap_package(name)
  return packages[name]
end

return wrapper
