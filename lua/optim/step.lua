--- One step of an optimiser in one pass over the parameters: the rows STEP of lib/ops.def.
-- step(name, x, dfdx, u, v, w, n0, … n9) changes x and the states u, v, w that the row has, nil for the others.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local memory = require 'torch.memory'

local numbers = ffi.new('double[?]', C.MT_STEP_NUMBERS)
local ids = setmetatable({}, {__index = function(ids, name)
  local id = C.mt_op_find(name)
  if id < 0 then error(('optim: %s has no row in lib/ops.def'):format(name), 2) end
  ids[name] = id
  return id
end})

local function step(name, x, dfdx, u, v, w, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9)
  numbers[0], numbers[1], numbers[2], numbers[3], numbers[4] = n0, n1 or 0, n2 or 0, n3 or 0, n4 or 0
  numbers[5], numbers[6], numbers[7], numbers[8], numbers[9] = n5 or 0, n6 or 0, n7 or 0, n8 or 0, n9 or 0
  memory.call(C.mt_step, ids[name], x, dfdx, u, v, w, numbers)
end

--- A state of zeros, of x's type and sizes.
local function zeros(x) return x.new():resizeAs(x):zero() end

--- The learning rate of step n, counted from 0.
local function rate_of(config, default, n)
  return (config.learningRate or default) / (1 + n * (config.learningRateDecay or 0))
end

return {step = step, zeros = zeros, rate_of = rate_of}
