--- Tensors: construction, elements, indexing, and what can be asked of them. Arithmetic comes from torch.forms.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local sizes = require 'torch.sizes'
local storage = require 'torch.storage'
local types = require 'torch.types'

local F, state = op.F, op.state
local layout, block, kind_of = handle.layout, handle.block, handle.kind
local is_tensor, is_storage = handle.is_tensor, handle.is_storage
local call, fail, cast = memory.call, errors.fail, ffi.cast

local tensor = {methods = {}, classes = {}}
local methods = tensor.methods

-- -- Single elements --------------------------------------------------------------------------------------------

local number = ffi.new('double[1]')
local float_p, double_p = ffi.typeof('float *'), ffi.typeof('double *')
local byte_p, char_p = ffi.typeof('uint8_t *'), ffi.typeof('int8_t *')
local short_p, int_p, long_p = ffi.typeof('int16_t *'), ffi.typeof('int32_t *'), ffi.typeof('int64_t *')
local FLOAT, DOUBLE, UINT8, INT8, INT16, INT32, INT64 =
  C.MT_FLOAT, C.MT_DOUBLE, C.MT_UINT8, C.MT_INT8, C.MT_INT16, C.MT_INT32, C.MT_INT64

--- The element at a place of the storage, as a number.
local function read(t, place)
  local l = layout(t)
  local data, dtype = block(l.storage).data, l.dtype
  if l.device == C.MT_CPU then
    if dtype == FLOAT then return tonumber(cast(float_p, data)[place]) end
    if dtype == DOUBLE then return tonumber(cast(double_p, data)[place]) end
    if dtype == INT64 then return tonumber(cast(long_p, data)[place]) end
    if dtype == UINT8 then return tonumber(cast(byte_p, data)[place]) end
    if dtype == INT32 then return tonumber(cast(int_p, data)[place]) end
    if dtype == INT8 then return tonumber(cast(char_p, data)[place]) end
    if dtype == INT16 then return tonumber(cast(short_p, data)[place]) end
  end
  call(C.mt_tensor_get, t, place, number)
  return number[0]
end

local function write(t, place, v)
  local l = layout(t)
  if l.device == C.MT_CPU and l.dtype <= DOUBLE then
    local b = block(l.storage)
    if l.dtype == FLOAT then cast(float_p, b.data)[place] = v else cast(double_p, b.data)[place] = v end
    b.version = b.version + 1
  else
    call(C.mt_tensor_put, t, place, v)
  end
end

--- The value of a tensor of one element.
function tensor.item(t)
  if C.mt_tensor_numel(t) ~= 1 then fail('expected a tensor of one element, got %s', sizes.text(t)) end
  return read(t, tonumber(layout(t).offset))
end
methods.item = tensor.item

local function bad_index(l, dim, i)
  if l.dim == 0 then fail('index: the tensor has no elements') end
  if type(i) ~= 'number' then fail('index: expected a number, a table, a LongStorage or a mask, got %s', type(i)) end
  fail('index: %s is outside 1..%d (dimension %d)', tostring(i), tonumber(l.size[dim]), dim + 1)
end

-- -- Indexing ---------------------------------------------------------------------------------------------------

-- t[i]: a number where t has one dimension, else a slice
local function get_index(t, i)
  local l = layout(t)
  if l.dim == 1 and not state.tape then
    if i < 1 or i > l.size[0] or i ~= math.floor(i) then bad_index(l, 0, i) end
    return read(t, tonumber(l.offset + (i - 1) * l.stride[0]))
  end
  if l.dim == 0 or i < 1 or i > l.size[0] or i ~= math.floor(i) then bad_index(l, 0, i) end
  if l.dim == 1 and not state.tape.slot[t] then return read(t, tonumber(l.offset + (i - 1) * l.stride[0])) end
  return F.select(t, 0, i - 1)
end

-- Whole numbers from 1, or from the end when negative
local function place(l, dim, i)
  if type(i) ~= 'number' or i ~= math.floor(i) then bad_index(l, dim, i) end
  local at = i < 0 and tonumber(l.size[dim]) + i or i - 1
  if at < 0 or at >= l.size[dim] then bad_index(l, dim, i) end
  return at
end

-- t[{2, {1, 3}, {}}]: numbers select, pairs narrow, {} takes all. Gives a view, and whether every entry was a number.
local function slice(t, list)
  local out, dim, all_numbers = t, 0, #list == layout(t).dim
  if #list > layout(t).dim then fail('index: %d indices for %d dimensions', #list, layout(t).dim) end
  for k = 1, #list do
    local l, entry = layout(out), list[k]
    if type(entry) == 'table' then
      all_numbers = false
      if #entry > 0 then
        local first, last = place(l, dim, entry[1]), place(l, dim, entry[2] or entry[1])
        if last < first then fail('index: {%s, %s} is an empty range', tostring(entry[1]), tostring(entry[2])) end
        out = F.narrow(out, dim, first, last - first + 1)
      end
      dim = dim + 1
    elseif l.dim == 1 then
      out = F.narrow(out, dim, place(l, dim, entry), 1)
    else
      out = F.select(out, dim, place(l, dim, entry))
    end
  end
  return out, all_numbers
end

local function from_long_storage(s)
  if block(s).dtype ~= INT64 then fail('index: expected a LongStorage, got a %s', kind_of(s).storage_name) end
  return s:totable()
end

local function get_slice(t, list)
  local out, all_numbers = slice(t, list)
  if all_numbers and not (state.tape and state.tape.slot[out]) then return tensor.item(out) end
  return out
end

local function get(t, k)
  if type(k) == 'number' then return get_index(t, k) end
  if type(k) == 'table' then return get_slice(t, k) end
  if is_storage(k) then return get_slice(t, from_long_storage(k)) end
  if is_tensor(k) then return t:maskedSelect(k) end
  return bad_index(layout(t), 0, k)
end

-- x[view] = value
local function assign(view, v)
  if type(v) == 'number' then
    view:fill(v)
  elseif is_tensor(v) then
    view:copy(v)
  else
    fail('index: expected a number or a tensor to assign, got %s', type(v))
  end
end

local function put(t, k, v)
  if type(k) == 'number' then
    local l = layout(t)
    if l.dim == 0 or k < 1 or k > l.size[0] or k ~= math.floor(k) then bad_index(l, 0, k) end
    if l.dim == 1 and type(v) == 'number' and not state.tape then
      return write(t, tonumber(l.offset + (k - 1) * l.stride[0]), v)
    end
    return assign(F.select(t, 0, k - 1), v)
  end
  if is_tensor(k) then
    if type(v) == 'number' then return t:maskedFill(k, v) end
    return t:maskedCopy(k, v)
  end
  if is_storage(k) then k = from_long_storage(k) end
  if type(k) ~= 'table' then bad_index(layout(t), 0, k) end
  assign((slice(t, k)), v)
end

-- -- Making -----------------------------------------------------------------------------------------------------

local function empty(kind) return handle.new(kind.dtype, kind.device) end

-- The sizes of a nested table, checked to be regular.
local function table_sizes(values, list)
  list[#list + 1] = #values
  if type(values[1]) == 'table' then
    for i = 2, #values do
      if type(values[i]) ~= 'table' or #values[i] ~= #values[1] then
        fail('Tensor: the table is ragged: row %d has other sizes than row 1', i)
      end
    end
    return table_sizes(values[1], list)
  end
  return list
end

local function fill_from_table(t, at, values, depth, dim)
  for i = 1, #values do
    local v = values[i]
    if depth < dim then
      if type(v) ~= 'table' or #v ~= #values[1] then fail('Tensor: the table is ragged') end
      at = fill_from_table(t, at, v, depth + 1, dim)
    else
      if type(v) ~= 'number' then fail('Tensor: expected numbers in the table, got %s', type(v)) end
      call(C.mt_tensor_put, t, at, v)
      at = at + 1
    end
  end
  return at
end

local function from_table(kind, values)
  local t, list = empty(kind), table_sizes(values, {})
  if #values == 0 then return t end
  call(C.mt_tensor_resize, t, sizes.read('Tensor', list), sizes.buffer)
  fill_from_table(t, 0, values, 1, #list)
  return t
end

local strides = ffi.new('int64_t[?]', C.MT_MAX_DIM)

-- Tensor(storage[, offset, sizes[, strides]]), or with size and stride pairs
local function from_storage(t, s, offset, first, ...)
  offset = (offset or 1) - 1
  if first == nil then
    sizes.buffer[0] = block(s).size - offset
    call(C.mt_tensor_set_storage, t, s.at, offset, 1, sizes.buffer, nil)
  elseif is_storage(first) then
    local stride = ...
    if stride then
      for i = 0, sizes.read('set', stride) - 1 do strides[i] = sizes.buffer[i] end
    end
    local n = sizes.read('set', first)
    call(C.mt_tensor_set_storage, t, s.at, offset, n, sizes.buffer, stride and strides or nil)
  else
    local list, n = {first, ...}, math.ceil((select('#', ...) + 1) / 2)
    local packed = true
    for i = 1, n do
      sizes.buffer[i - 1] = list[2 * i - 1]
      strides[i - 1] = list[2 * i] or 1
      packed = packed and (list[2 * i] == nil or list[2 * i] == -1)
    end
    call(C.mt_tensor_set_storage, t, s.at, offset, n, sizes.buffer, not packed and strides or nil)
  end
  return t
end

local function construct(kind, first, second, ...)
  local t
  if first == nil then return empty(kind) end
  if type(first) == 'table' then return from_table(kind, first) end
  t = empty(kind)
  if is_tensor(first) then
    if kind_of(first) ~= kind then
      fail('%s: expected a tensor of this type, got a %s', kind.tensor_name, kind_of(first).tensor_name)
    end
    call(C.mt_tensor_set, t, first)
    return t
  end
  if is_storage(first) then
    local is_sizes = block(first).dtype == INT64 and (kind.dtype ~= INT64 or second == nil or is_storage(second))
    if not is_sizes or type(second) == 'number' then return from_storage(t, first, second, ...) end
    if second ~= nil then
      local s = storage.classes[kind.storage_name](0)
      local n = sizes.read('Tensor', second)
      for i = 0, n - 1 do strides[i] = sizes.buffer[i] end
      local count, reach = sizes.read('Tensor', first), 1
      for i = 0, count - 1 do reach = reach + tonumber((sizes.buffer[i] - 1) * strides[i]) end
      s:resize(reach)
      call(C.mt_tensor_set_storage, t, s.at, 0, count, sizes.buffer, strides)
      return t
    end
  end
  local n = second == nil and sizes.read('Tensor', first) or sizes.read('Tensor', first, second, ...)
  call(C.mt_tensor_resize, t, n, sizes.buffer)
  return t
end

-- -- Questions --------------------------------------------------------------------------------------------------

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
function methods:nElement() return tonumber(C.mt_tensor_numel(self)) end
methods.numel = methods.nElement
function methods:storageOffset() return tonumber(layout(self).offset) + 1 end
function methods:elementSize() return kind_of(self).width end
function methods:isContiguous() return C.mt_tensor_is_contiguous(self) ~= 0 end
function methods:isTensor() return true end
function methods:cdata() return self end

function methods:storage()
  local s = layout(self).storage
  if s == nil then return nil end
  return handle.own_storage(C.mt_storage_retain(s))
end

--- The address of the first element, as a pointer to the element type.
function methods:data()
  return cast(kind_of(self).pointer or 'uint16_t *', C.mt_tensor_data(self))
end

function methods:isSameSizeAs(other)
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
  local a, b = layout(self), layout(other)
  if a.storage ~= b.storage or a.offset ~= b.offset or not self:isSameSizeAs(other) then return false end
  for i = 0, a.dim - 1 do
    if a.stride[i] ~= b.stride[i] then return false end
  end
  return true
end

local function nested(t, l, dim, at)
  local out = {}
  for i = 0, tonumber(l.size[dim]) - 1 do
    local here = at + i * tonumber(l.stride[dim])
    out[i + 1] = dim == l.dim - 1 and read(t, here) or nested(t, l, dim + 1, here)
  end
  return out
end

function methods:totable()
  local l = layout(self)
  return l.dim == 0 and {} or nested(self, l, 0, tonumber(l.offset))
end

--- apply(f): each element is given to f, in order, and replaced by what f gives (kept where it gives nothing).
function methods:apply(f)
  local packed = self:contiguous()
  local n = packed:nElement()
  local flat = n > 0 and packed:view(n) or packed
  for i = 1, n do
    local v = f(flat[i])
    if v ~= nil then flat[i] = v end
  end
  return packed == self and self or self:copy(packed)
end

-- -- Changing ---------------------------------------------------------------------------------------------------

local function touched_by(name) return op.by_name[name] end

function methods:resize(first, ...)
  local n = sizes.read('resize', first, ...)
  call(C.mt_tensor_resize, self, n, sizes.buffer)
  return self
end

function methods:resizeAs(other)
  if not is_tensor(other) then op.expected_tensor('resizeAs', other) end
  call(C.mt_tensor_resize, self, layout(other).dim, layout(other).size)
  return self
end

--- set(): no elements; set(tensor); set(storage[, offset, sizes[, strides]])
function methods:set(first, ...)
  if first == nil then
    C.mt_tensor_release(self)
  elseif is_tensor(first) then
    call(C.mt_tensor_set, self, first)
  elseif is_storage(first) then
    from_storage(self, first, ...)
  else
    fail('set: expected a tensor or a storage, got %s', type(first))
  end
  return self
end

function methods:fill(v)
  if type(v) ~= 'number' then fail('fill: expected a number, got %s', type(v)) end
  call(C.mt_fill, self, v)
  return op.record(touched_by('fill'), self, nil, nil, nil, nil, nil, nil, nil, true)
end

function methods:zero() return self:fill(0) end

--- Copies the elements of another tensor with as many of them, in order; types and devices may differ.
function methods:copy(other)
  if not is_tensor(other) then op.expected_tensor('copy', other) end
  call(C.mt_copy, self, other)
  return op.record(touched_by('copy'), self, other, nil, nil, nil, nil, nil, nil, true)
end

function methods:retain() return self end
function methods:free() C.mt_tensor_release(self) end

--- type(): the type's name; type(name): self if it has that type, else a converted copy
function methods:type(name)
  local kind = kind_of(self)
  if not name then return kind.tensor_name end
  local wanted = type(name) == 'string' and types.by_name[name]
  if not wanted or wanted.tensor_name ~= name then fail('type: %s is no tensor type', tostring(name)) end
  return wanted == kind and self or F.cast(self, wanted)
end

function methods:typeAs(other) return self:type(other:type()) end

for _, kind in ipairs(types.all) do
  -- x:float(), x:cuda(), x:cudaDouble()
  local short = kind.device == C.MT_CPU and kind.name:lower() or kind.name:gsub('^Cuda', 'cuda')
  methods[short] = function(self) return self:type(kind.tensor_name) end
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

-- Torch7's *: a number scales; two vectors give their inner product, a matrix and a vector or matrix their product
local function multiply(a, b)
  if type(a) == 'number' or type(b) == 'number' then return F.mul(a, b) end
  if not is_tensor(a) or not is_tensor(b) then op.expected_tensor('*', is_tensor(a) and b or a) end
  local n, m = layout(a).dim, layout(b).dim
  if n == 1 and m == 1 then return a:dot(b) end
  if n == 2 and m == 1 then return F.mv(a, b) end
  if n == 2 and m == 2 then return F.matmul(a, b) end
  return fail('*: expected vectors or matrices, got sizes %s and %s', sizes.text(a), sizes.text(b))
end

local classes = tensor.classes

ffi.metatype(handle.tensor_t, {
  __index = function(t, k)
    if type(k) == 'string' then
      local l = layout(t)
      return classes[types.at[l.device][l.dtype].tensor_name][k]
    end
    return get(t, k)
  end,
  __newindex = put,
  __len = function(t) return t:size() end,
  __tostring = function(t) return require('torch.print').tensor(t) end,
  __add = function(a, b) return F.add(a, b) end,
  __sub = function(a, b) return F.sub(a, b) end,
  __mul = multiply,
  __div = function(a, b) return F.div(a, b) end,
  __mod = function(a, b) return F.remainder(a, b) end,
  __pow = function(a, b) return F.pow(a, b) end,
  __unm = function(a) return F.neg(a) end,
})

-- torch.FloatTensor: makes tensors when called, and holds the methods of its type
for _, kind in ipairs(types.all) do
  local function new(...) return construct(kind, ...) end
  classes[kind.tensor_name] = setmetatable({__typename = kind.tensor_name, new = new}, {
    __index = methods,
    __call = function(_, ...) return construct(kind, ...) end,
  })
end

tensor.read, tensor.construct, tensor.get = read, construct, get
return tensor
