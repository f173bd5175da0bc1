--- How a leaf module's compute(input) becomes updateOutput, updateGradInput and accGradParameters.
-- With a tape open (the user differentiates a function) a leaf simply composes. Otherwise it records on a private tape,
-- and the two halves of Torch7's backward read one walk back over it. Buffers are reused by exchanging the storage
-- under self.output and self.gradInput, so a steady training loop neither allocates nor waits for the collector.
local class = require 'torch.class'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local op = require 'torch.op'
local sizes = require 'torch.sizes'
local tape = require 'autograd.tape'
local utils = require 'nn.utils'

local state = op.state
local is_tensor, layout = handle.is_tensor, handle.layout

local leaf = {}

-- What a module keeps between calls and never saves: two tapes in turn, its own output handle, the inputs of the last
-- forward (read), the last walk back and the gradients it was made for (held), buffers, lists of handles.
local records = setmetatable({}, {__mode = 'k'})

-- What compute makes, recorded or not, goes when its tape is cleared; results to be kept have handles of their own.
local function new_tape()
  local t = tape.new()
  t.loose = {}
  return t
end

local function record_of(module)
  local r = records[module]
  if not r then
    r = {tape = new_tape(), spare = new_tape(), scope = {n = 0}, own_scope = {n = 0}, held = {}, read = {},
         buffers = {}, lists = {}}
    records[module] = r
  end
  return r
end

--- Drops everything kept for a module, as before its tensors change their type.
function leaf.forget(module)
  local r = records[module]
  if not r then return end
  r.tape:clear(true)
  handle.release_scope(r.scope)
  handle.release_scope(r.own_scope)
  records[module] = nil
end

--- Whether the open tape is the module's own: only then may compute work in place, or keep values in buffers.
function leaf.is_private(module)
  local r = records[module]
  return r ~= nil and r.spare == state.tape
end

--- Whether compute runs for backward's sake, on another input than forward had: what was drawn at random stays then.
function leaf.is_again(module)
  local r = records[module]
  return r ~= nil and r.again
end

--- A tensor for compute to work with, of model's type: while the module records for itself always the same one, which
-- is never saved; on the user's tape, where an earlier use may still be read, a new one.
function leaf.buffer(module, name, model)
  if not leaf.is_private(module) then return handle.like(model) end
  local buffers = records[module].buffers
  buffers[name] = utils.fit(buffers[name], model)
  return buffers[name]
end

--- x with each element dropped with probability p, and the others scaled by 1 / (1 − p). The noise has a name of its
-- own in the module; it stays when a forward is run once more for backward's sake.
function leaf.drop(module, name, x, p)
  local noise = leaf.buffer(module, name, x)
  if not (leaf.is_again(module) and noise:isSameSizeAs(x)) then
    noise:resizeAs(x):bernoulli(1 - p):div(1 - p)
  end
  return op.F.mul(x, noise)
end

--- A list of handles of the module's own, so that views made anew every time hold no memory until the collector comes.
function leaf.list(module, name)
  local lists = record_of(module).lists
  lists[name] = lists[name] or {}
  return lists[name]
end

--- t on x's device, in a buffer where it has to be copied.
function leaf.beside(module, name, t, x)
  local there = layout(x).device
  if not t or layout(t).device == there then return t end
  return leaf.buffer(module, name, handle.new(layout(t).dtype, there)):resizeAs(t):copy(t)
end

-- -- Tables of tensors ------------------------------------------------------------------------------------------

-- The tensors of a nested table, in the order of its array part.
local function flatten(x, list)
  if is_tensor(x) then
    list[#list + 1] = x
  elseif type(x) == 'table' then
    for i = 1, #x do flatten(x[i], list) end
  end
  return list
end

-- Makes to a handle (or nested table of handles) of what from views. The handle keeps its identity where its type fits.
local function adopt(to, from)
  if is_tensor(from) then
    return utils.fit(to, from):set(from)
  end
  if type(from) ~= 'table' then return from end
  local out = type(to) == 'table' and to or {}
  for i = 1, math.max(#out, #from) do out[i] = adopt(out[i], from[i]) end
  return out
end

-- -- Forward ----------------------------------------------------------------------------------------------------

local function describe(input)
  if is_tensor(input) then return ('a %s of size %s'):format(class.type(input), sizes.text(input)) end
  if type(input) ~= 'table' then return class.type(input) end
  local parts = {}
  for i = 1, math.min(#input, 4) do parts[i] = class.type(input[i]) end
  return ('a table of %d: {%s%s}'):format(#input, table.concat(parts, ', '), #input > 4 and ', …' or '')
end

-- An error that no check foresaw tells of a line of ours: it is raised again as one about the input.
local function explain(message, module, input)
  if not errors.is_inner(message) then return error(message, 0) end
  local name = class.type(module)
  if not is_tensor(input) and type(input) ~= 'table' then
    return errors.fail('%s: expected a tensor, got %s', name, input == nil and 'nothing' or class.type(input))
  end
  return errors.fail('%s: cannot compute with %s (%s)', name, describe(input), message:match('([^/]*:%d+): '))
end

local function run(r, module, ...)
  state.tape = r.spare
  local ok, out = pcall(module.compute, module, ...)
  state.tape = nil
  if not ok then
    r.spare:clear(true)
    explain(out, module, (...))
  end
  r.tape:clear(true)                    -- only now: compute may read what the module kept from the last time
  r.tape, r.spare = r.spare, r.tape
  return out
end

-- Torch7's code changes parameters between forward and updateGradInput (a GAN's two players do): a module then uses
-- them as they are, as Torch7's do, so the tape does not hold their versions against it.
local function watch_parameters(r, module)
  local parameters, free = module.parameters and module:parameters() or {}, {}
  for i = 1, #parameters do
    r.spare:watch(parameters[i])
    free[handle.memory_address(parameters[i])] = true
  end
  r.spare.unchecked = free
end

local function versions(list)
  local sum = 0
  for i = 1, #list do sum = sum + handle.version(list[i]) end
  return sum
end

-- Keeps the memory of tensors, so that no other one can come to lie there, in handles of our own: the tensors' handles
-- live on with other memory.
local function hold(held, tensors)
  for i = 1, #tensors do held[i] = utils.fit(held[i], tensors[i]):set(tensors[i]) end
  for i = #tensors + 1, #held do held[i]:set() end
end

--- Makes out, which the user's tape knows, the module's output. The module's own handle is kept for later.
function leaf.give(module, out)
  local r = record_of(module)
  r.output = r.output or module.output
  module.output = out
  return out
end

--- The module's own output handle, of model's type, made module.output: for modules that compute without a tape.
function leaf.own_output(module, model)
  local r = record_of(module)
  r.output = utils.fit(r.output or module.output, model)
  module.output = r.output
  return r.output
end

--- self.output of compute(input). A criterion passes input and target.
function leaf.update_output(module, input, target, again)
  local r = record_of(module)
  r.again = again
  if state.tape then
    local ok, out = pcall(module.compute, module, input, target)
    return ok and leaf.give(module, out) or explain(out, module, input)
  end
  local inputs = flatten(input, {})
  for i = 1, #inputs do r.spare:watch(inputs[i]) end
  watch_parameters(r, module)
  handle.release_scope(r.scope)
  r.back = nil
  hold(r.held, {})
  hold(r.read, inputs)
  r.target, r.target_version = target, versions(flatten(target, {}))
  local out = run(r, module, input, target)
  r.made = out
  r.output = adopt(r.output or module.output, out)
  module.output = r.output
  return module.output
end

-- -- Backward ---------------------------------------------------------------------------------------------------

local function same_list(a, b)
  if #a ~= #b then return false end
  for i = 1, #a do
    if a[i] ~= b[i] then return false end
  end
  return true
end

local function is_same_walk(r, inputs, grads, parameters)
  local back = r.back
  if not back or not same_list(back.grads, grads) or not same_list(back.inputs, inputs) then return false end
  for i = 1, #grads do
    if not r.held[i]:isSetTo(grads[i]) then return false end
  end
  return back.version == versions(grads) + versions(parameters)
end

-- What was computed forward is of use when it was computed from these inputs and this target.
local function is_recorded(r, inputs, target)
  for i = 1, #inputs do
    if not r.tape.slot[inputs[i]] or not (r.read[i] and r.read[i]:isSetTo(inputs[i])) then return false end
  end
  return rawequal(r.target, target) and r.target_version == versions(flatten(target, {}))
end

-- The gradients in the sizes of the outputs. As in Torch7 it is the count of elements that has to agree.
local function shaped(module, made, grads)
  local list = {}
  for i = 1, #made do
    local y, g = made[i], grads[i]
    if g and not g:isSameSizeAs(y) then
      if g:nElement() ~= y:nElement() then
        errors.fail('%s: the output has sizes %s, gradOutput %s', class.type(module), sizes.text(y), sizes.text(g))
      end
      g = op.F.reshape_like(g, y)
    end
    list[i] = g
  end
  return list
end

local function go_back(r, module, xs, grads, into)
  local made = flatten(r.made, {})
  return r.tape:grad(made, xs, shaped(module, made, grads), false, nil, into)
end

-- One walk back; all that it makes is listed in a scope. into: see Tape:grad
local function walk_in(scope, ...)
  handle.release_scope(scope)
  local before = handle.open_scope(scope)
  local ok, found = pcall(go_back, ...)
  handle.close_scope(before)
  return ok and found or error(found, 0)
end

-- Whether the gradients by the input and by the parameters have no work in common: one op made the output, but for
-- views. They are then found in two walks: Torch7's code that asks for one does not pay for both, and gradients of
-- parameters are added up in place.
local function is_apart(t)
  local ops = 0
  for n = 1, t.n do
    local row = t.row[n]
    if row and row.apart ~= 'view' then
      if not row.apart then return false end
      ops = ops + 1
    end
  end
  return ops == 1
end

local function prepare_walk(r, module, input, inputs, target)
  if is_recorded(r, inputs, target) then return end
  local output = module.output
  leaf.update_output(module, input, target, true)
  if type(output) == 'number' then module.output = output end   -- a criterion's
end

-- The gradients by inputs and parameters, for a gradient of the output. Torch7 asks in two calls: one walk serves both.
-- into: where those by parameters may be added at once, in a list; the walk serves no other call then.
function leaf.walk(module, input, gradOutput, target, into)
  local r = record_of(module)
  local inputs, grads = flatten(input, {}), flatten(gradOutput, {})
  local parameters = module.parameters and module:parameters() or {}
  prepare_walk(r, module, input, inputs, target)
  if not into and is_same_walk(r, inputs, grads, parameters) then return r.back end
  local xs, sinks = {}, into and {}
  if module.gradInput ~= nil then
    for i = 1, #inputs do xs[i] = inputs[i] end
  end
  local first = #xs
  for i = 1, is_apart(r.tape) and 0 or #parameters do
    xs[first + i] = parameters[i]
    if into then sinks[first + i] = into[i] end
  end
  local found = walk_in(r.scope, r, module, xs, grads, sinks)
  hold(r.held, into and {} or grads)
  local back = {inputs = inputs, grads = grads, version = versions(grads) + versions(parameters), found = found,
                first = first}
  r.back = not into and back or nil
  return back
end

-- The gradient of input number at, as the module's own tensors; an input without one gets zeros. Numbers and the like
-- have none.
local function adopt_gradients(to, input, found, at)
  if type(input) ~= 'table' and not is_tensor(input) then return nil, at end
  if is_tensor(input) then
    at = at + 1
    if found[at] then return adopt(to, found[at]), at end
    return utils.fit(to, input):set():resizeAs(input):zero(), at   -- set: the memory may be another's by now
  end
  local out = type(to) == 'table' and to or {}
  for i = 1, math.max(#out, #input) do
    if input[i] == nil then out[i] = nil else out[i], at = adopt_gradients(out[i], input[i], found, at) end
  end
  return out, at
end

--- self.gradInput for a gradient of the output; nothing is done where the user has set gradInput to nil.
function leaf.update_grad_input(module, input, gradOutput, target)
  if module.gradInput == nil then return nil end
  local back = leaf.walk(module, input, gradOutput, target)
  module.gradInput = adopt_gradients(module.gradInput, input, back.found, 0)
  return module.gradInput
end

-- Where the gradients of parameters may be added; not where the sum is of another type or other sizes, as in code that
-- has changed one of them.
local function sinks(to, parameters, scale)
  local list = {}
  for i = 1, #parameters do
    local sum, p = to[i], parameters[i]
    local same = handle.kind(sum) == handle.kind(p) and sum:isSameSizeAs(p)
    list[i] = same and {to = sum, scale = scale} or nil
  end
  return list
end

-- Adds what a walk has found for the parameters, from found[first + 1] on.
local function add_found(to, found, first, parameters, scale)
  for i = 1, #parameters do
    local g = found[first + i]
    if g then to[i]:add(scale, g) end
  end
end

--- Both halves of backward in one walk, which adds gradients of parameters without making them first where it can.
-- Nothing is done, and false given, where the halves are better taken one after the other.
function leaf.backward(module, input, gradOutput, scale)
  local parameters, to = module:parameters()
  if not parameters or #parameters == 0 or not (to and to[1]) or module.gradInput == nil then return false end
  local r = record_of(module)
  prepare_walk(r, module, input, flatten(input, {}))
  if is_apart(r.tape) then return false end
  local back = leaf.walk(module, input, gradOutput, nil, sinks(to, parameters, scale))
  module.gradInput = adopt_gradients(module.gradInput, input, back.found, 0)
  add_found(to, back.found, back.first, parameters, scale)
  return true
end

--- Adds the parameters' gradients, times scale, to gradWeight and the like, or to a list of other tensors.
function leaf.accumulate(module, input, gradOutput, scale, to)
  local parameters, grads = module:parameters()
  if not parameters then return end
  if not to and not (grads and grads[1]) then
    errors.fail('%s: no room for gradients of its parameters: nets of nn.utils.fuse are for inference',
                class.type(module))
  end
  local r, first, found = record_of(module), 0
  to = to or grads
  prepare_walk(r, module, input, flatten(input, {}))
  if is_apart(r.tape) then
    found = walk_in(r.own_scope, r, module, parameters, flatten(gradOutput, {}), sinks(to, parameters, scale))
  else
    local back = leaf.walk(module, input, gradOutput)
    found, first = back.found, back.first
  end
  add_found(to, found, first, parameters, scale)
  if first == 0 then handle.release_scope(r.own_scope) end
end

--- Lets go of the gradients by a module's inputs, which nobody reads any more, but for those in the tables that
-- follow: they belong to others. A chain's are those of its first module.
function leaf.drop_gradients(module, ...)
  local r, kept = records[module], {}
  if r then
    handle.release_scope(r.scope)
    r.back = nil
    hold(r.held, {})
  end
  for i = 1, select('#', ...) do
    for _, g in ipairs(flatten((select(i, ...)), {})) do kept[g] = true end
  end
  for _, g in ipairs(flatten(module.gradInput, {})) do
    if not kept[g] then g:set() end
  end
  local first = class.type(module) == 'nn.Sequential' and module.modules[1]
  if first then leaf.drop_gradients(first, ...) end
end

--- The gradient of a criterion's loss by itself: 1, of the loss's type.
function leaf.one(module, input, target)
  local r = record_of(module)
  if not r.made then leaf.update_output(module, input, target) end
  if not r.one or handle.kind(r.one) ~= handle.kind(r.made) then
    r.one = handle.like(r.made):resizeAs(r.made):fill(1)
  end
  return r.one
end

leaf.flatten = flatten
return leaf
