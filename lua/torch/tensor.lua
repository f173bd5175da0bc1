--- Tensors: what can be asked of them, changes of their view and type, operators, and the tables of their types.
-- Arithmetic comes from torch.forms, construction, elements and indexing from the modules of these names.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local constructing = require 'torch.constructing'
local elements = require 'torch.elements'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local sizes = require 'torch.sizes'
local slicing = require 'torch.slicing'
local storage = require 'torch.storage'
local types = require 'torch.types'

local F = op.F
local layout, block, kind_of = handle.layout, handle.block, handle.kind
local is_tensor = handle.is_tensor
local call, fail, cast = memory.call, errors.fail, ffi.cast

local tensor = {methods = {}, classes = {}}
local methods = tensor.methods

tensor.item, methods.item = elements.item, elements.item

-- -- Questions --------------------------------------------------------------------------------------------------
-- C must not get what is no tensor, as in x.nElement() for x:nElement(): layout refuses it.

local function long_storage(values, n)
  local s = storage.classes['torch.LongStorage'](n)
  ffi.copy(block(s).data, values, n * 8)
  return s
end

--- size(): a LongStorage; size(dim): a number
function methods:size(dim)
  if dim then return tonumber(layout(self).size[sizes.dim('size', self, dim)]) end
  return long_storage(layout(self).size, layout(self).dim)
end

function methods:stride(dim)
  if dim then return tonumber(layout(self).stride[sizes.dim('stride', self, dim)]) end
  return long_storage(layout(self).stride, layout(self).dim)
end

function methods:dim() return layout(self).dim end
methods.nDimension = methods.dim
function methods:nElement() return layout(self) and tonumber(C.mt_tensor_numel(self)) end
methods.numel = methods.nElement
function methods:storageOffset() return tonumber(layout(self).offset) + 1 end
function methods:elementSize() return kind_of(self).width end
function methods:isContiguous() return layout(self) and C.mt_tensor_is_contiguous(self) ~= 0 end
function methods:isTensor() return true end
function methods:cdata() return self end

function methods:storage()
  local s = layout(self).storage
  if s == nil then return nil end
  return handle.own_storage(C.mt_storage_retain(s))
end

--- The address of the first element, as a pointer to the element type; nil for a tensor without a storage.
function methods:data()
  if layout(self).storage == nil then return nil end
  return cast(kind_of(self).pointer or 'uint16_t *', C.mt_tensor_data(self))
end

function methods:isSameSizeAs(other)
  op.check('isSameSizeAs', self, other)
  local a, b = layout(self), layout(other)
  if a.dim ~= b.dim then return false end
  for i = 0, a.dim - 1 do
    if a.size[i] ~= b.size[i] then return false end
  end
  return true
end

function methods:isSize(list)
  local n = sizes.read('isSize', list)
  if n ~= layout(self).dim then return false end
  for i = 0, n - 1 do
    if sizes.buffer[i] ~= layout(self).size[i] then return false end
  end
  return true
end

--- Whether both are the same view of the same storage.
function methods:isSetTo(other)
  if not is_tensor(other) then op.expected_tensor('isSetTo', other) end
  local a, b = layout(self), layout(other)
  if a.storage == nil or a.storage ~= b.storage or a.offset ~= b.offset or not self:isSameSizeAs(other) then
    return false
  end
  for i = 0, a.dim - 1 do
    if a.stride[i] ~= b.stride[i] then return false end
  end
  return true
end

local function nested(t, l, dim, at)
  local out = {}
  for i = 0, tonumber(l.size[dim]) - 1 do
    local here = at + i * tonumber(l.stride[dim])
    out[i + 1] = dim == l.dim - 1 and elements.read(t, here) or nested(t, l, dim + 1, here)
  end
  return out
end

function methods:totable()
  local l = layout(self)
  return l.dim == 0 and {} or nested(self, l, 0, tonumber(l.offset))
end

-- -- Changing ---------------------------------------------------------------------------------------------------

local function touched_by(name) return op.by_name[name] end

--- resize(sizes…), resize(sizes[, strides]): new sizes; the elements stay in the order of their memory, and a tensor
-- that has these sizes already stays as it is. Without sizes it has no elements afterwards.
function methods:resize(first, ...)
  if layout(self) and first == nil then
    call(C.mt_tensor_resize, self, 0, layout(self).size)
    return self
  end
  return constructing.resize('resize', self, first, ...)
end

function methods:resizeAs(other)
  if not is_tensor(other) then op.expected_tensor('resizeAs', other) end
  if not is_tensor(self) then op.expected_tensor('resizeAs', self) end
  call(C.mt_tensor_resize, self, layout(other).dim, layout(other).size)
  return self
end

--- set(): no elements; set(tensor), set(storage[, offset[, sizes[, strides]]]): the tensor becomes this view
function methods:set(...) return layout(self) and constructing.set('set', self, ...) end

--- fill(v): every element becomes v, a number or an int64_t
function methods:fill(v)
  op.check('fill', self)
  v = elements.filler('fill', self, v, self)
  if type(v) == 'number' then call(C.mt_fill, self, v) else call(C.mt_copy, self, v) end
  return op.record(touched_by('fill'), self, nil, nil, nil, nil, nil, nil, nil, true)
end

function methods:zero() return layout(self) and self:fill(0) end

--- Copies the elements of another tensor with as many of them, in order; types and devices may differ.
function methods:copy(other)
  op.check('copy', self, other)
  call(C.mt_copy, self, other)
  return op.record(touched_by('copy'), self, other, nil, nil, nil, nil, nil, nil, true)
end

function methods:retain() return self end
function methods:free()
  layout(self)
  C.mt_tensor_release(self)
end

--- type(): the type's name; type(name): self if it has that type, else a converted copy
function methods:type(name)
  local kind = kind_of(self)
  if not name then return kind.tensor_name end
  local wanted = type(name) == 'string' and types.by_name[name]
  if not wanted or wanted.tensor_name ~= name then fail('type: %s is no tensor type', tostring(name)) end
  return wanted == kind and self or F.cast(self, wanted)
end

--- real(): as a tensor of the default type
function methods:real() return layout(self) and self:type(types.default.tensor_name) end

function methods:typeAs(other)
  op.check('typeAs', self, other)
  return self:type(other:type())
end

for _, kind in ipairs(types.all) do
  -- x:float(), x:cuda(), x:cudaDouble()
  local short = kind.device == C.MT_CPU and kind.name:lower() or kind.name:gsub('^Cuda', 'cuda')
  methods[short] = function(self) return layout(self) and self:type(kind.tensor_name) end
end

op.own({'fill', inputs = 1, doc = 'fill(x, value): every element set to a number',
  sample = function(make) return {{make(3, 4), 2}} end}, function(a, v) return F.clone(a):fill(v) end)
op.own({'copy', inputs = 1, doc = 'copy(x, y): x takes the elements of y',
  sample = function(make) return {{make(3, 4)}} end,
  vjp = {function(g, _, a)
    if kind_of(g) ~= kind_of(a) then g = F.cast(g, kind_of(a)) end
    return F.reshape_like(g, a)
  end}}, function(a) return handle.like(a):resizeAs(a):copy(a) end)

-- -- Operators --------------------------------------------------------------------------------------------------
-- Each is a method between double underscores, as in Torch7, so scripts may replace it for a type.

function methods.__add__(a, b) return F.add(a, b) end
function methods.__sub__(a, b) return F.sub(a, b) end
function methods.__div__(a, b) return F.div(a, b) end
function methods.__mod__(a, b) return F.remainder(a, b) end
function methods.__pow__(a, b) return F.pow(a, b) end
function methods.__unm__(a) return F.neg(a) end
function methods.__len__(a) return layout(a) and a:size() end
function methods.__tostring__(a) return require('torch.print').tensor(a) end
methods.__index__, methods.__newindex__ = slicing.get, slicing.put

-- While it is recorded, a number is a tensor of one element; see autograd/tape.lua.
local function is_number(x)
  return not is_tensor(x) or op.state.tape ~= nil and op.state.tape:is_number(x)
end

--- A number scales; two vectors give their inner product, a matrix and a vector or matrix their product.
function methods.__mul__(a, b)
  if is_number(a) or is_number(b) then return F.mul(a, b) end
  local n, m = layout(a).dim, layout(b).dim
  if n == 1 and m == 1 then return a:dot(b) end
  if n == 2 and m == 1 then return F.mv(a, b) end
  if n == 2 and m == 2 then return F.matmul(a, b) end
  return fail('*: expected vectors or matrices, got sizes %s and %s', sizes.text(a), sizes.text(b))
end

-- -- Functions --------------------------------------------------------------------------------------------------

tensor.functions = {}
for _, name in ipairs {'fill', 'zero', 'numel'} do
  local method = methods[name]
  tensor.functions[name] = function(t, ...)
    if not is_tensor(t) then op.expected_tensor(name, t) end
    return method(t, ...)
  end
end

--- torch.totable(x): the elements of a tensor or a storage as nested tables
function tensor.functions.totable(x)
  if not is_tensor(x) and not handle.is_storage(x) then
    fail('totable: expected a tensor or a storage, got %s', x == nil and 'nothing' or type(x))
  end
  return x:totable()
end

-- -- The types --------------------------------------------------------------------------------------------------

local classes = tensor.classes

local function class_of(t)
  local l = layout(t)
  return classes[types.at[l.device][l.dtype].tensor_name]
end

-- The class that an operator is looked up in: the left operand's, where that is a tensor.
local function class_of_either(a, b) return class_of(is_tensor(a) and a or b) end

ffi.metatype(handle.tensor_t, {
  __index = function(t, k)
    if type(k) == 'string' then return class_of(t)[k] end
    return class_of(t).__index__(t, k)
  end,
  __newindex = function(t, k, v) return class_of(t).__newindex__(t, k, v) end,
  __len = function(t) return class_of(t).__len__(t) end,
  __tostring = function(t) return class_of(t).__tostring__(t) end,
  __add = function(a, b) return class_of_either(a, b).__add__(a, b) end,
  __sub = function(a, b) return class_of_either(a, b).__sub__(a, b) end,
  __mul = function(a, b) return class_of_either(a, b).__mul__(a, b) end,
  __div = function(a, b) return class_of_either(a, b).__div__(a, b) end,
  __mod = function(a, b) return class_of_either(a, b).__mod__(a, b) end,
  __pow = function(a, b) return class_of_either(a, b).__pow__(a, b) end,
  __unm = function(a) return class_of(a).__unm__(a) end,
})

-- torch.FloatTensor: makes tensors when called, and holds the methods of its type
for _, kind in ipairs(types.all) do
  local function new(...) return constructing.new(kind, ...) end
  classes[kind.tensor_name] = setmetatable({__typename = kind.tensor_name, new = new}, {
    __index = methods,
    __call = function(_, ...) return constructing.new(kind, ...) end,
  })
end

--- Copies the methods that all types share into each type's own table, where scripts look for them with rawget and
-- pairs, and replace them for one type. Called once all methods are there.
function tensor.spread_methods()
  for _, class in pairs(classes) do
    for name, method in pairs(methods) do
      if rawget(class, name) == nil then class[name] = method end
    end
  end
end

return tensor
