--- Random numbers: Torch7's Mersenne Twister and distributions. The same seed gives the numbers that Torch7 gives.
--   torch.uniform(0, 1)       -- a number
--   torch.rand(2, 3)          -- a new tensor
--   x:uniform(-1, 1)          -- x is filled
-- A generator of one's own may stand before the parameters: g = torch.Generator(); x:uniform(g, -1, 1).
local ffi = require 'ffi'
local C = require 'torch.ffi'
local class = require 'torch.class'
local errors = require 'torch.errors'
local guard = require 'torch.guard'
local handle = require 'torch.handle'
local making = require 'torch.making'
local memory = require 'torch.memory'
local op = require 'torch.op'
local reals = require 'torch.reals'
local storage = require 'torch.storage'

local layout, is_tensor = handle.layout, handle.is_tensor
local call, fail = memory.call, errors.fail

local random = {functions = {}, methods = {}}
local functions, methods = random.functions, random.methods

-- -- Generators -------------------------------------------------------------------------------------------------

local generator_t = ffi.typeof('mt_generator *')
local Generator = {__typename = 'torch.Generator'}

local function is_generator(x) return ffi.istype(generator_t, x) end

local function new_generator() return ffi.gc(memory.create(C.mt_generator_new), C.mt_generator_free) end

-- torch._gen, which scripts may replace
local first_default = new_generator()
functions._gen = first_default

local function default()
  local torch = package.loaded.torch
  return type(torch) == 'table' and torch._gen or first_default
end

-- The generator that may stand first, or the default one; and what follows it.
local function generator(first, ...)
  if is_generator(first) then return first, ... end
  return default(), first, ...
end

local function check_bytes(name, t)
  if not is_tensor(t) then op.expected_tensor(name, t) end
  local l = layout(t)
  if l.dtype ~= C.MT_UINT8 or l.device ~= C.MT_CPU then
    fail('%s: expected a ByteTensor, got a %s', name, class.type(t))
  end
end

local function get_state(g, out)
  if out then check_bytes('getRNGState', out) end
  local state = handle.new(C.MT_UINT8, C.MT_CPU):resize(tonumber(C.mt_generator_state_size()))
  C.mt_generator_get_state(g, C.mt_tensor_data(state))
  return out and out:resizeAs(state):copy(state) or state
end

local function set_state(g, state)
  check_bytes('setRNGState', state)
  local packed = op.unrecorded(state.contiguous, state)
  call(C.mt_generator_set_state, g, C.mt_tensor_data(packed), C.mt_tensor_numel(packed))
  return state
end

local function check_saved(g, file)
  if not is_generator(g) then errors.expected('a torch.Generator', g) end
  guard.file(file)
end

--- In files a generator is its state, as in Torch7.
function Generator:write(file)
  check_saved(self, file)
  file:writeByte(get_state(self):storage())
end

function Generator:read(file)
  check_saved(self, file)
  set_state(self, storage.as_tensor(file:readByte(tonumber(C.mt_generator_state_size()))))
  return self
end

--- torch.Generator(): a stream of random numbers of its own, seeded from the system
Generator.new = new_generator
functions.Generator = setmetatable(Generator, {__call = function() return new_generator() end})
class.adopt('torch.Generator', Generator, function() return new_generator() end)
class.registerForeign(function(x)
  if is_generator(x) then return 'torch.Generator', x end
end)
ffi.metatype('mt_generator', {__index = Generator, __tostring = function() return 'torch.Generator' end})

-- -- Seeds and states -------------------------------------------------------------------------------------------

local function set_seed(g, seed)
  if type(seed) ~= 'number' or seed ~= seed or math.abs(seed) >= 2 ^ 63 then
    fail('manualSeed: expected a number, got %s', tostring(seed))
  end
  C.mt_generator_seed(g, ffi.cast('int64_t', seed))
end

--- torch.manualSeed([generator,] seed): from here on the numbers are those of this seed
function functions.manualSeed(...) set_seed(generator(...)) end

--- torch.initialSeed([generator]): the seed that its numbers began with
function functions.initialSeed(...)
  local g = generator(...)
  return tonumber(ffi.cast('int64_t', C.mt_generator_initial_seed(g)))
end

--- torch.seed([generator]): seeds it from the system; gives the seed
function functions.seed(...)
  local g = generator(...)
  C.mt_generator_seed(g, C.mt_generator_initial_seed(new_generator()))
  return functions.initialSeed(g)
end

--- torch.getRNGState([generator][, result]): the whole state as a ByteTensor
function functions.getRNGState(...) return get_state(generator(...)) end

--- torch.setRNGState([generator,] state): back to a state that getRNGState gave
function functions.setRNGState(...) return set_state(generator(...)) end

-- -- Distributions ----------------------------------------------------------------------------------------------

local number = ffi.new('double[1]')

-- What was drawn depends on nothing that a tape knows.
local function forget(t) return op.record(op.by_name.fill, t, nil, nil, nil, nil, nil, nil, nil, true) end

local function parameter(name, v, otherwise)
  if v == nil then v = otherwise end
  if type(v) ~= 'number' then fail('%s: expected a number, got %s', name, v == nil and 'nothing' or class.type(v)) end
  return v
end

local function draw(g, code, p, q)
  call(C.mt_random, g, code, p, q, number)
  return reals.double(number, 0)
end

local function fill(t, g, code, p, q)
  call(C.mt_random_fill, g, t, code, p, q)
  return forget(t)
end

-- torch.name([generator,] p, q) gives a number; torch.name(x, [generator,] p, q) and x:name(…) fill x.
-- p0 and q0: what p and q are when they are left out; none: they may not be.
local function distribution(name, code, p0, q0)
  functions[name] = function(first, ...)
    if is_tensor(first) then
      local g, p, q = generator(...)
      return fill(first, g, code, parameter(name, p, p0), parameter(name, q, q0))
    end
    local g, p, q = generator(first, ...)
    return draw(g, code, parameter(name, p, p0), parameter(name, q, q0))
  end
  methods[name] = functions[name]
end

distribution('uniform', C.MT_UNIFORM, 0, 1)           -- low, high
distribution('normal', C.MT_NORMAL, 0, 1)             -- mean, deviation
distribution('exponential', C.MT_EXPONENTIAL, nil, 0) -- rate
distribution('cauchy', C.MT_CAUCHY, 0, 1)             -- median, scale
distribution('logNormal', C.MT_LOG_NORMAL, 1, 2)      -- mean and deviation of the logarithm
distribution('geometric', C.MT_GEOMETRIC, nil, 0)     -- probability of another trial
distribution('bernoulli', C.MT_BERNOULLI, 0.5, 0)     -- probability of 1

local one_probability = functions.bernoulli

--- torch.bernoulli([generator,] p): 1 with probability p (0.5), else 0; x:bernoulli([generator,] p) fills x so, where p
-- may be a tensor with a probability for each element
function functions.bernoulli(x, ...)
  local g, p = generator(...)
  if not is_tensor(x) or not is_tensor(p) then return one_probability(x, ...) end
  call(C.mt_bernoulli_from, g, x, p)
  return forget(x)
end
methods.bernoulli = functions.bernoulli

local function bounds(...)
  local g, low, high = generator(...)
  if low == nil then return g, C.MT_RANDOM_BITS, 0, 0 end
  if high == nil then low, high = 1, low end
  return g, C.MT_RANDOM, parameter('random', low), parameter('random', high)
end

--- torch.random([generator]): a whole number of 32 bits; random(n): 1 … n; random(a, b): a … b; x:random(…) fills x
function functions.random(first, ...)
  if is_tensor(first) then return fill(first, bounds(...)) end
  return draw(bounds(first, ...))
end
methods.random = functions.random

-- -- Tensors of random numbers ----------------------------------------------------------------------------------

local function with_generator(make, out, ...) return make(out, generator(...)) end

-- torch.name([result,] [generator,] …) and x:name([generator,] …)
local function declare(name, make)
  functions[name] = function(...) return with_generator(make, making.result(...)) end
  methods[name] = functions[name]
end

--- torch.rand([result,] [generator,] sizes…): uniform numbers from 0 to 1
declare('rand', function(out, g, ...) return fill(making.resize('rand', out, ...), g, C.MT_UNIFORM, 0, 1) end)

--- torch.randn([result,] [generator,] sizes…): normal numbers of mean 0 and deviation 1
declare('randn', function(out, g, ...) return fill(making.resize('randn', out, ...), g, C.MT_NORMAL, 0, 1) end)

--- torch.randperm([result,] [generator,] n): 1 … n in random order
declare('randperm', function(out, g, n)
  call(C.mt_randperm, g, out, parameter('randperm', n))
  return forget(out)
end)

local function multinomial(out, g, weights, n, replacement)
  if not is_tensor(weights) then op.expected_tensor('multinomial', weights) end
  out = out or handle.new(C.MT_INT64, layout(weights).device)
  call(C.mt_multinomial, g, out, weights, parameter('multinomial', n), replacement and 1 or 0)
  return forget(out)
end

--- torch.multinomial([result,] [generator,] weights, n[, replacement]): n places drawn by weight, for each row; without
-- replacement no place comes twice
function functions.multinomial(first, ...)
  local second, third = ...
  if is_tensor(first) and (is_tensor(second) or is_tensor(third)) then return multinomial(first, generator(...)) end
  return multinomial(nil, generator(first, ...))
end
methods.multinomial = functions.multinomial

-- -- The alias method -------------------------------------------------------------------------------------------

--- torch.multinomialAliasSetup_(weights[, places][, shares]): a table for many draws, as two tensors
function functions.multinomialAliasSetup_(weights, places, shares)
  if not is_tensor(weights) then op.expected_tensor('multinomialAliasSetup', weights) end
  if is_tensor(places) and shares == nil and layout(places).dtype ~= C.MT_INT64 then places, shares = nil, places end
  places = places == nil and handle.new(C.MT_INT64, C.MT_CPU) or places
  shares = shares == nil and handle.like(weights) or shares
  if not is_tensor(places) then op.expected_tensor('multinomialAliasSetup', places) end
  if not is_tensor(shares) then op.expected_tensor('multinomialAliasSetup', shares) end
  call(C.mt_alias_setup, places, shares, weights)
  return places, shares
end
methods.multinomialAliasSetup_ = functions.multinomialAliasSetup_

local function draw_by_alias(out, g, places, shares)
  if not is_tensor(places) then op.expected_tensor('multinomialAlias', places) end
  if not is_tensor(shares) then op.expected_tensor('multinomialAlias', shares) end
  out = out or handle.new(C.MT_INT64, C.MT_CPU):resizeAs(places)
  if not is_tensor(out) then op.expected_tensor('multinomialAlias', out) end
  call(C.mt_alias_draw, g, out, places, shares)
  return forget(out)
end

--- torch.multinomialAlias_([result,] [generator,] places, shares): result is filled with places drawn by weight, or a
-- new one, of as many as there are weights
function functions.multinomialAlias_(first, ...)
  local second, third = ...
  if is_generator(first) or third == nil and not is_generator(second) then
    return draw_by_alias(nil, generator(first, ...))
  end
  return draw_by_alias(first, generator(...))
end
methods.multinomialAlias_ = functions.multinomialAlias_

--- torch.multinomialAliasSetup(weights[, state]): a state for torch.multinomialAlias: with it, each draw takes the same
-- short time however many weights there are
function functions.multinomialAliasSetup(weights, state)
  state = type(state) == 'table' and state or {}
  state[1], state[2] = functions.multinomialAliasSetup_(weights, state[1], state[2])
  return state
end

--- torch.multinomialAlias(result, [generator,] state): result, a LongTensor, is filled with places drawn by weight
--   state = torch.multinomialAliasSetup(torch.Tensor{0.1, 0.9})
--   torch.multinomialAlias(torch.LongTensor(5), state)
function functions.multinomialAlias(out, ...)
  local g, state = generator(...)
  if is_tensor(state) then return functions.multinomialAlias_(out, ...) end
  if type(state) ~= 'table' then
    fail('multinomialAlias: expected the state that multinomialAliasSetup gave, got %s', class.type(state))
  end
  return functions.multinomialAlias_(out, g, state[1], state[2])
end

return random
