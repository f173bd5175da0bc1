--- Parts of the parameters with settings of their own, and limits for gradients.
local errors = require 'torch.errors'
local handle = require 'torch.handle'

local module = {}

-- Where a parameter lies in the flat vector x: its first place and its count.
local function place_in(x, p)
  local first, n = p:storageOffset() - x:storageOffset() + 1, p:nElement()
  if handle.memory_address(p) ~= handle.memory_address(x) or not p:isContiguous() or first < 1 or
     first + n - 1 > x:nElement() then
    errors.fail('groups: a parameter is no part of x: take them from the net after getParameters')
  end
  return first, n
end

-- The parameters of a group as ranges of x; neighbours become one.
local function ranges_of(x, parameters)
  local list = {}
  for i, p in ipairs(parameters) do
    local first, n = place_in(x, p)
    list[i] = {first = first, last = first + n - 1}
  end
  table.sort(list, function(a, b) return a.first < b.first end)
  local merged = {}
  for _, range in ipairs(list) do
    local before = merged[#merged]
    if before and range.first <= before.last + 1 then
      before.last = math.max(before.last, range.last)
    else
      merged[#merged + 1] = range
    end
  end
  return merged
end

--- optim.groups(method, groups): an optimiser that treats parts of x differently.
-- groups: a list of {parameters = {tensors…}, learningRate = …, …}; what a group does not set comes from config.
-- Parameters in no group stay as they are. The tensors are views of x, as net:parameters() gives after getParameters.
--   local x, g = net:getParameters()
--   local step = optim.groups(optim.sgd, {{parameters = net:get(1):parameters(), learningRate = 0.001},
--                                         {parameters = net:get(2):parameters()}})
--   step(f, x, {learningRate = 0.1}, state)
-- state.groups: method's states, one for each range of x.
function module.groups(method, groups)
  local ranges, of
  return function(opfunc, x, config, state)
    config = config or {}
    state = state or config
    if of ~= x then
      ranges, of = {}, x
      for _, group in ipairs(groups) do
        for _, range in ipairs(ranges_of(x, group.parameters or {})) do
          range.group = group
          ranges[#ranges + 1] = range
        end
      end
    end
    local fx, dfdx = opfunc(x)
    state.groups = state.groups or {}
    for i, range in ipairs(ranges) do
      local n = range.last - range.first + 1
      local part, gradient = x:narrow(1, range.first, n), dfdx:narrow(1, range.first, n)
      state.groups[i] = state.groups[i] or {}
      method(function() return fx, gradient end, part, setmetatable({}, {__index = function(_, key)
        if range.group[key] ~= nil then return range.group[key] end
        return config[key]
      end}), state.groups[i])
    end
    return x, {fx}
  end
end

--- The sizes of a net's parameters in order, as adafactor wants them: {{512, 256}, {512}, …}
function module.shapes(net)
  local shapes = {}
  for i, p in ipairs(net:parameters() or {}) do shapes[i] = p:size():totable() end
  return shapes
end

local function check_limit(name, limit)
  if type(limit) == 'number' and limit > 0 then return end
  errors.fail('%s: expected a limit above 0, got %s', name, tostring(limit))
end

--- Scales the gradient (a tensor, in place) so that its norm is at most limit; p: which norm (2). Gives the norm it
-- had.
function module.clipGradNorm(dfdx, limit, p)
  check_limit('clipGradNorm', limit)
  local norm = dfdx:norm(p or 2)
  if norm > limit then dfdx:mul(limit / norm) end
  return norm
end

--- Brings each element of the gradient (in place) within −limit … limit.
function module.clipGradValue(dfdx, limit)
  check_limit('clipGradValue', limit)
  return dfdx:clamp(-limit, limit)
end

return module
