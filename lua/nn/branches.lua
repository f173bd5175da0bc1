--- nn.branches: what containers share: views, slices and casts of what goes in and out, sums of what comes back.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local sizes = require 'torch.sizes'
local types = require 'torch.types'
local leaf = require 'nn.leaf'
local utils = require 'nn.utils'

local F, state, is_tensor = op.F, op.state, handle.is_tensor

local handles = ffi.typeof('mt_tensor *[?]')

local branches = {}

-- Whether what is kept under a name was made from x as it is; from now on it is.
local function is_current(list, name, x)
  local from = list[name] or {}
  list[name] = from
  local is_same = from.x and from.version == handle.version(x) and from.x:isSetTo(x)
  from.x, from.version = utils.fit(from.x, x):set(x), handle.version(x)
  return is_same
end

--- x seen with other sizes, given as a table; copied first where its elements do not lie in order. The module has one
-- handle for it by each name, except that an open tape gets new ones.
function branches.view(module, name, x, size)
  if state.tape then
    x = F.contiguous(x)
    return F.view(x, nil, sizes.read('view', size))
  end
  local list = leaf.list(module, 'views')
  local out = utils.fit(list[name], x)
  list[name] = out
  if C.mt_tensor_is_contiguous(x) == 0 then
    if not is_current(leaf.list(module, 'copied from'), name, x) then out:set():resizeAs(x):copy(x) end
    x = out
  end
  memory.call(C.mt_view, out, x, sizes.read('view', size), sizes.buffer)
  return out
end

--- The i-th slice of x along a dimension (from 1), likewise.
function branches.select(module, name, x, dim, i)
  if state.tape then return F.select(x, dim - 1, i - 1) end
  local list = leaf.list(module, name)
  list[i] = utils.fit(list[i], x)
  memory.call(C.mt_select, list[i], x, dim - 1, i - 1)
  return list[i]
end

-- x, a tensor or a nested table of them, as tensors of a type, in to where that fits.
local function convert(to, x, kind)
  if is_tensor(x) then
    if state.tape then return F.cast(x, kind) end
    if not is_tensor(to) or handle.kind(to) ~= kind then to = handle.new(kind.dtype, kind.device) end
    return to:resizeAs(x):copy(x)
  end
  if type(x) ~= 'table' then return x end
  local out = type(to) == 'table' and to or {}
  for k, v in pairs(x) do out[k] = convert(out[k], v, kind) end
  for k in pairs(out) do if x[k] == nil then out[k] = nil end end
  return out
end

--- x, a tensor or a nested table of them, as tensors of a type of that name, which the module keeps under a name of
-- their own; on an open tape they are new ones.
function branches.cast(module, name, x, typename)
  local kind = types.by_name[typename]
  if state.tape then return convert(nil, x, kind) end
  local kept = leaf.list(module, 'cast')
  kept[name] = convert(kept[name], x, kind)
  return kept[name]
end

--- What cast gave under a name.
function branches.cast_before(module, name) return leaf.list(module, 'cast')[name] end

--- Views of t, one behind another along a dimension (from 1), each as long as the part there: as many as parts.
function branches.slices(module, t, dim, parts)
  local list, start = leaf.list(module, 'slices'), 0
  for i, part in ipairs(parts) do
    utils.need_tensor(module, part, 'entry ' .. i)
    local length = part:size(dim)
    list[i] = utils.fit(list[i], t)
    memory.call(C.mt_narrow, list[i], t, dim - 1, start, length)
    start = start + length
  end
  return list
end

--- The outputs of modules, or a table of tensors, one behind another along a dimension (from 1), as module.output.
function branches.join(module, outputs, dim)
  if state.tape then return leaf.give(module, F.cat(outputs, dim - 1)) end
  local parts = handles(#outputs)
  for i = 1, #outputs do parts[i - 1] = utils.need_tensor(module, outputs[i], 'entry ' .. i) end
  local out = leaf.own_output(module, outputs[1])
  memory.call(C.mt_cat, out, parts, #outputs, dim - 1)
  return out
end

-- The i-th entry of each table of a list.
local function column(list, i)
  local out = {}
  for k, x in ipairs(list) do out[k] = x[i] end
  return out
end

--- The sum of a list of tensors, or of tables of them, in to where that fits. The terms are left as they are.
function branches.sum(to, list)
  local first = list[1]
  if not is_tensor(first) then
    local out = type(to) == 'table' and to or {}
    for i = 1, math.max(#first, #out) do out[i] = first[i] and branches.sum(out[i], column(list, i)) end
    return out
  end
  to = utils.fit(to, first)
  if #list == 1 then return to:resizeAs(first):copy(first) end
  to:add(first, list[2])
  for i = 3, #list do to:add(list[i]) end
  return to
end

--- The sum of what step(module, input, gradOutput[i], scale) gives for each module: the gradient by an input that all
-- of them read. One that gives none, as a first layer may, does not count.
function branches.back(self, step, input, gradOutput, scale)
  local list = {}
  utils.need_table(self, gradOutput, 'gradOutput')
  for i, module in ipairs(self.modules) do
    list[#list + 1] = step(module, input, gradOutput[i], scale)
  end
  if #list == 0 then return nil end
  local sum = branches.sum(self.gradInput, list)
  if self.dropsGradInputs and step == branches.backward then
    for _, module in ipairs(self.modules) do leaf.drop_gradients(module, gradOutput, sum) end
  end
  return sum
end

function branches.update_grad_input(module, input, gradOutput) return module:updateGradInput(input, gradOutput) end
function branches.backward(module, input, gradOutput, scale) return module:backward(input, gradOutput, scale) end

return branches
