--- Ops: how a row of torch/ops becomes a function, a method and an entry of the tape.
--
-- A row is a table:
--   name     the op's name; row[1]
--   inputs   how many tensors it differentiates by: 1, 2 or 3; or 'list' for one table of tensors
--   vjp      gradient rules, one for each input, written with op.F so that they can be differentiated again:
--            vjp[i](g, out, inputs…, p, q, r, s) gives the gradient of input i, where g is the gradient of out and
--            p … s are the op's other arguments. No rule: no gradient.
--   uses     letters of the values that the rules read: 'a', 'b', 'c' (inputs), 'o' (out); a table has them for each
--            rule. The tape refuses to go back when one of these has been changed in place since.
--   fast     optional fused backward: fast(need, g, out, inputs…, p, q, r, s) gives all gradients at once; need is
--            the sum of 1, 2, 4 for the inputs wanted. Used only when the backward is not recorded; equals the rules.
--   apart    true when the rules share no work, so that gradients may as well be found in several walks; 'view' when
--            they cost next to nothing
--   add      optional, by input: add[i](to, scale, g, out, inputs…, p, q, r, s) adds scale times the gradient of input
--            i to a tensor, without making it first; same sizes. Used as fast is
--   owns     letters of p … s that are tensors which the op made for its rules; they go when the tape is cleared
--   doc      help text; its first line is the signature
--   sample   function(make) that gives argument lists for the tests; see tests/lua/torch/test_ops.lua
--   dtypes   'floats', 'ints' or 'all' (the default)
--   refuses  true for an op whose rules nobody has written, though it has a derivative: going back through it fails
--
-- op.F.name(…) is the functional form: it makes a new result and, while a tape is open, appends to it. The forms of
-- Torch7 (a result tensor first, methods that work in place) are made from it in torch/forms.lua.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local elements = require 'torch.elements'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'

local call, like, new, layout = memory.call, handle.like, handle.new, handle.layout
local is_tensor = handle.is_tensor
local pointwise = C.mt_pointwise

local op = {
  rows = {},             -- every row, in the order of declaration
  by_name = {},
  F = {},                -- functional forms by name
  state = {tape = nil},  -- the open tape, if any: an object with append(row, out, a, b, c, p, q, r, s, into)
}
local F, state = op.F, op.state

local kinds = {unary = 1, binary = 2, compare = 2, ternary = 3, masked = 3}

--- Refuses x where an op wants a tensor.
function op.expected_tensor(name, x)
  local what = type(x) == 'cdata' and tostring(ffi.typeof(x)) or type(x)
  return errors.fail('%s: expected a tensor, got %s', name, x == nil and 'nothing' or what)
end

--- Refuses the first of the arguments after name that is no tensor.
function op.check(name, ...)
  for i = 1, select('#', ...) do
    if not is_tensor((select(i, ...))) then op.expected_tensor(name, (select(i, ...))) end
  end
end

--- Refuses what is no dimension of t, counted from 0.
function op.check_dim(name, t, dim)
  if type(dim) ~= 'number' or not (dim >= 0 and dim < layout(t).dim) then
    errors.fail('%s: expected a dimension from 0 to %d, got %s', name, layout(t).dim - 1, tostring(dim))
  end
end

--- Appends what was just computed to the open tape. into: out existed before and was overwritten.
function op.record(row, out, a, b, c, p, q, r, s, into)
  local tape = state.tape
  if tape then tape:append(row, out, a, b, c, p, q, r, s, into) end
  return out
end

--- Runs f(…) while nothing is recorded.
function op.unrecorded(f, ...)
  local tape = state.tape
  state.tape = nil
  local function finish(ok, ...)
    state.tape = tape
    if not ok then error((...), 0) end
    return ...
  end
  return finish(pcall(f, ...))
end

-- -- Pointwise rows ---------------------------------------------------------------------------------------------

-- A factor or the like, which may be missing.
local function check_number(row, v)
  if type(v) == 'nil' or type(v) == 'number' or elements.is_int64(v) then return end
  errors.fail('%s: expected a number, got %s', row.name, type(v))
end

local function run_unary(row, out, a, s, t, into)
  if not is_tensor(a) then op.expected_tensor(row.name, a) end
  if not is_tensor(out) then op.expected_tensor(row.name, out) end
  check_number(row, s)
  check_number(row, t)
  call(pointwise, row.id, out, a, nil, nil, s or 0, t or 0)
  local tape = state.tape
  if tape then tape:append(row, out, a, nil, nil, s, t, nil, nil, into) end
  return out
end

local function expected_operand(row, x)
  if x == nil or type(x) ~= 'cdata' then
    errors.fail('%s: expected a tensor or a number, got %s', row.name, x == nil and 'nothing' or type(x))
  end
  return op.expected_tensor(row.name, x)
end

-- x as an operand beside the tensor model: an int64_t becomes a number or a tensor, the text of a number that number.
local function operand(row, x, model)
  if type(x) == 'number' or is_tensor(x) then return x end
  if elements.is_int64(x) and is_tensor(model) then return elements.operand(model, x) end
  return type(x) == 'string' and tonumber(x) or expected_operand(row, x)
end

-- One of a and b may be a number.
local function run_binary(row, out, a, b, t, into)
  local s = 0
  if not is_tensor(b) then b = operand(row, b, a) end
  if not is_tensor(a) then a = operand(row, a, b) end
  if type(b) == 'number' then
    s, b = b, nil
    if not is_tensor(a) then op.expected_tensor(row.name, a) end
  elseif type(a) == 'number' then
    s, a = a, nil
  end
  if not is_tensor(out) then op.expected_tensor(row.name, out) end
  check_number(row, t)
  call(pointwise, row.id, out, a, b, nil, s, t or 1)
  local tape = state.tape
  if tape then tape:append(row, out, a, b, nil, s, t or 1, nil, nil, into) end
  return out
end

-- b and c may be numbers where the op is masked; s is then the number for b (or c), t the one for c.
local function run_ternary(row, out, a, b, c, s, into)
  local t = 0
  if not is_tensor(a) then op.expected_tensor(row.name, a) end
  if not is_tensor(b) then b = operand(row, b, is_tensor(c) and c or out) end
  if not is_tensor(c) then c = operand(row, c, is_tensor(b) and b or out) end
  if type(b) == 'number' then
    s, b = b, nil
    if type(c) == 'number' then t, c = c, nil end
  elseif type(c) == 'number' then
    s, c = c, nil
  end
  if not is_tensor(out) then op.expected_tensor(row.name, out) end
  check_number(row, s)
  call(pointwise, row.id, out, a, b, c, s or 1, t)
  local tape = state.tape
  if tape then tape:append(row, out, a, b, c, s or 1, t, nil, nil, into) end
  return out
end

local runs = {run_unary, run_binary, run_ternary}

local function mask_like(t)
  return new(C.MT_UINT8, layout(t).device)
end

-- The functional form of each kind. An operand that is a number cannot give the result its type.
local function model(row, a, b, c)
  if is_tensor(a) then return a elseif is_tensor(b) then return b elseif is_tensor(c) then return c end
  return op.expected_tensor(row.name, a)
end

local functional = {
  unary = function(row)
    return function(a, s, t) return run_unary(row, like(model(row, a)), a, s, t) end
  end,
  binary = function(row)
    return function(a, b, t) return run_binary(row, like(model(row, a, b)), a, b, t) end
  end,
  compare = function(row)
    return function(a, b) return run_binary(row, mask_like(model(row, a, b)), a, b, 1) end
  end,
  ternary = function(row)
    return function(a, b, c, s) return run_ternary(row, like(model(row, a)), a, b, c, s) end
  end,
  masked = function(row)
    return function(mask, a, b) return run_ternary(row, like(model(row, a, b, mask)), mask, a, b) end
  end,
}

-- -- Declaration ------------------------------------------------------------------------------------------------

local names = {a = 'a', b = 'b', c = 'c', o = 'out'}

-- Which values each rule reads, by their names on the tape.
local function set_reads(row)
  row.reads, row.any_reads, row.owned = {}, {}, {}
  for i = 1, 3 do
    local letters = type(row.uses) == 'table' and row.uses[i] or type(row.uses) == 'string' and row.uses or ''
    row.reads[i] = {}
    for letter in letters:gmatch('.') do
      row.reads[i][names[letter]], row.any_reads[names[letter]] = true, true
    end
  end
  for name in (row.owns or ''):gmatch('.') do row.owned[name] = true end
end

local function add_row(row, functional_form)
  set_reads(row)
  F[row.name] = functional_form
  op.rows[#op.rows + 1], op.by_name[row.name] = row, row
  return row
end

--- Declares a pointwise op; its kind and formula are in lib/ops.def.
function op.pointwise(row)
  row.name = row[1]
  row.id = C.mt_op_find(row.name)
  if row.id < 0 then error(('ops: %s has no row in lib/ops.def'):format(row.name), 2) end
  row.kind = ffi.string(C.mt_op_kind(row.id))
  row.inputs = kinds[row.kind]
  row.run = runs[row.inputs]
  return add_row(row, functional[row.kind](row))
end

--- Declares an op with code of its own: call is its functional form and ends with op.record.
function op.own(row, call_form)
  row.name = row[1]
  row.kind = row.kind or 'own'
  row.inputs = row.inputs or 1
  if row.refuses then
    local function refuse() errors.fail('%s: no rule is known for its gradient', row.name) end
    row.vjp = {refuse, refuse, refuse}
  end
  return add_row(row, call_form)
end

--- Declares an op whose functional form is made of other ops: a tape sees those in its stead, so it needs no rule.
function op.composed(row, call_form)
  row.kind, row.uses = 'composed', row.inputs ~= 'list' and 'abc' or nil
  row.vjp = row.inputs == 'list' or {true, true, true}
  return op.own(row, call_form)
end

--- A row outside the table, for an op that exists only on one tape: over a list of tensors, with vjp_list.
function op.unlisted(name)
  local row = {name = name, inputs = 'list', vjp = true}
  set_reads(row)
  return row
end

return op
