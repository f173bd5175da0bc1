--- Torch7's forms of choosing, ordering and joining elements; dimensions and places count from 1.
-- Those that write in place call the library at once. Where a tape holds one of the tensors they are composed of ops
-- instead, and the result is copied in, so that gradients pass.
local C = require 'torch.ffi'
local ffi = require 'ffi'
local elements = require 'torch.elements'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local results = require 'torch.results'
local sizes = require 'torch.sizes'
local storage = require 'torch.storage'
local tensor = require 'torch.tensor'

local F, state = op.F, op.state
local is_tensor, is_storage, layout = handle.is_tensor, handle.is_storage, handle.layout
local call, fail, dim_of, into = memory.call, errors.fail, sizes.dim, results.into

local functions, methods = {}, {}

local function check(name, x)
  if not is_tensor(x) then op.expected_tensor(name, x) end
  return x
end

-- Places come as a LongTensor; a LongStorage or a table will do.
local function places(name, x)
  if is_tensor(x) then return x end
  if type(x) == 'table' then return tensor.classes['torch.LongTensor'](x) end
  if is_storage(x) then return storage.as_tensor(x) end
  return op.expected_tensor(name, x)
end

-- Whether an open tape knows self, or source, which may be a number.
local function recorded(self, source)
  local tape = state.tape
  return tape and (tape.slot[self] or is_tensor(source) and tape.slot[source])
end

-- Zeros of a dtype, with the sizes of self.
local function zeros_like(self, dtype)
  local out, l = handle.new(dtype, layout(self).device), layout(self)
  call(C.mt_tensor_resize, out, l.dim, l.size)
  call(C.mt_fill, out, 0)
  return out
end

local function ones_like(self, dtype) return zeros_like(self, dtype):fill(1) end

-- self takes what lies in part, a tensor or a number, where the mask is 1.
local function write_where(self, mask, part) return into(self, F.where(mask, part, self)) end

-- A gradient could not tell which of two writes to one place came last. count: how often each place comes
local function refuse_twice(name, count)
  if tensor.item(F.any(F.gt(count, 1))) ~= 0 then
    fail('%s: a place comes twice, so the gradient of what is written there is not known', name)
  end
end

-- -- A place for each element -----------------------------------------------------------------------------------

--- torch.gather([result,] x, dim, index): result[i][j] = x[i][index[i][j]] for dim 2, and so on
function functions.gather(a, b, c, d)
  if not is_tensor(b) then return F.gather(check('gather', a), dim_of('gather', a, b), places('gather', c)) end
  local dim, index = dim_of('gather', b, c), places('gather', d)
  if state.tape then return into(a, F.gather(b, dim, index)) end
  call(C.mt_gather, check('gather', a), b, dim, index)
  return a
end
methods.gather = functions.gather

-- The part of source that index has places for.
local function window(source, index)
  local l = layout(index)
  for d = 0, l.dim - 1 do
    if layout(source).size[d] ~= l.size[d] then source = F.narrow(source, d, 0, tonumber(l.size[d])) end
  end
  return source
end

local function scatter_recorded(self, dim, index, source)
  local mask = zeros_like(self, C.MT_UINT8)
  call(C.mt_scatter, mask, dim, index, nil, 1)
  if type(source) == 'number' then return write_where(self, mask, source) end
  local count = zeros_like(self, C.MT_INT64)
  call(C.mt_scatter_add, count, dim, index, ones_like(index, C.MT_INT64))
  refuse_twice('scatter', count)
  return write_where(self, mask, F.scatter_add_like(window(source, index), self, dim, index))
end

--- x:scatter(dim, index, source): x[i][index[i][j]] = source[i][j] for dim 2, and so on; source may be a number
function methods:scatter(dim, index, source)
  dim, index = dim_of('scatter', check('scatter', self), dim), places('scatter', index)
  if not is_tensor(source) then source = elements.filler('scatter', self, source, index) end
  if recorded(self, source) then return scatter_recorded(self, dim, index, source) end
  local value = type(source) == 'number' and source
  call(C.mt_scatter, self, dim, index, not value and source or nil, value or 0)
  return self
end
functions.scatter = methods.scatter

--- x:scatterAdd(dim, index, source): adds where scatter writes
function methods:scatterAdd(dim, index, source)
  dim, index = dim_of('scatterAdd', check('scatterAdd', self), dim), places('scatterAdd', index)
  check('scatterAdd', source)
  if recorded(self, source) then
    return into(self, F.add(self, F.scatter_add_like(window(source, index), self, dim, index)))
  end
  call(C.mt_scatter_add, self, dim, index, source)
  return self
end
functions.scatterAdd = methods.scatterAdd

-- -- A place for each slice -------------------------------------------------------------------------------------

--- x:index(dim, index): the slices at these places; result:index(x, dim, index) and torch.index(result, x, dim, index)
-- put them into a result
function functions.index(a, b, c, d)
  if not is_tensor(b) then return F.index_select(check('index', a), dim_of('index', a, b), places('index', c)) end
  local dim, index = dim_of('index', b, c), places('index', d)
  if state.tape then return into(a, F.index_select(b, dim, index)) end
  call(C.mt_index_select, check('index', a), b, dim, index)
  return a
end
methods.index = functions.index

local function index_mask(self, dim, index)
  local mask = zeros_like(self, C.MT_UINT8)
  call(C.mt_index_fill, mask, dim, index, 1)
  return mask
end

local function index_copy_recorded(self, dim, index, source)
  local mask, count = index_mask(self, dim, index), handle.new(C.MT_INT64, layout(self).device)
  count:resize(self:size(dim + 1)):zero()
  if layout(index).dim > 0 then call(C.mt_scatter_add, count, 0, index, ones_like(index, C.MT_INT64)) end
  refuse_twice('indexCopy', count)
  return write_where(self, mask, F.index_add_like(source, self, dim, index))
end

--- x:indexCopy(dim, index, source): the slices at these places take those of source
function methods:indexCopy(dim, index, source)
  dim, index = dim_of('indexCopy', self, dim), places('indexCopy', index)
  check('indexCopy', source)
  if recorded(self, source) then return index_copy_recorded(self, dim, index, source) end
  call(C.mt_index_copy, self, dim, index, source)
  return self
end

--- x:indexAdd(dim, index, source): the slices of source are added at these places
function methods:indexAdd(dim, index, source)
  dim, index = dim_of('indexAdd', self, dim), places('indexAdd', index)
  check('indexAdd', source)
  if recorded(self, source) then return into(self, F.add(self, F.index_add_like(source, self, dim, index))) end
  call(C.mt_index_add, self, dim, index, source)
  return self
end

--- x:indexFill(dim, index, value): every element of the slices at these places becomes a number
function methods:indexFill(dim, index, value)
  dim, index = dim_of('indexFill', self, dim), places('indexFill', index)
  value = elements.filler('indexFill', self, value, self)
  if recorded(self) or is_tensor(value) then return write_where(self, index_mask(self, dim, index), value) end
  call(C.mt_index_fill, self, dim, index, value)
  return self
end

-- -- Masks ------------------------------------------------------------------------------------------------------

--- x:maskedSelect(mask): the elements where the mask is not 0; result:maskedSelect(x, mask) into a result
function functions.maskedSelect(a, b, c)
  if c == nil then return F.masked_select(check('maskedSelect', a), check('maskedSelect', b)) end
  check('maskedSelect', c)
  if state.tape then return into(a, F.masked_select(b, c)) end
  call(C.mt_masked_select, check('maskedSelect', a), check('maskedSelect', b), c)
  return a
end
methods.maskedSelect = functions.maskedSelect

-- A mask of any sizes, in those of self.
local function fit_mask(name, self, mask)
  local l = layout(check(name, mask))
  if l.dtype ~= C.MT_UINT8 then
    fail('%s: expected a ByteTensor as the mask, got a %s', name, handle.kind(mask).tensor_name)
  end
  if C.mt_tensor_numel(mask) ~= C.mt_tensor_numel(self) then
    fail('%s: expected a mask with as many elements as %s, got %s', name, sizes.text(self), sizes.text(mask))
  end
  return self:isSameSizeAs(mask) and mask or F.reshape_like(mask, self)
end

local function masked_copy_recorded(self, mask, source)
  mask = fit_mask('maskedCopy', self, mask)
  local count = layout(F.nonzero(mask)).size[0]
  local total = C.mt_tensor_numel(source)
  if total < count then
    fail('maskedCopy: the mask has %d ones, the source only %d elements', tonumber(count), tonumber(total))
  end
  if count == 0 then return self end
  local taken = F.narrow(F.contiguous(source):view(tonumber(total)), 0, 0, tonumber(count))
  return write_where(self, mask, F.masked_scatter_like(taken, self, mask))
end

--- x:maskedCopy(mask, source): where the mask is not 0, x takes the elements of source in order
function methods:maskedCopy(mask, source)
  check('maskedCopy', self)
  check('maskedCopy', mask)
  check('maskedCopy', source)
  if recorded(self, source) then return masked_copy_recorded(self, mask, source) end
  call(C.mt_masked_copy, self, mask, source)
  return self
end

--- x:maskedFill(mask, value): where the mask is not 0, x becomes a number
function methods:maskedFill(mask, value)
  check('maskedFill', self)
  value = elements.filler('maskedFill', self, value, self)
  mask = fit_mask('maskedFill', self, mask)
  if recorded(self) or is_tensor(value) then return write_where(self, mask, value) end
  if C.mt_tensor_numel(self) > 0 then call(C.mt_pointwise, op.by_name.where.id, self, mask, nil, self, value, 0) end
  return self
end

--- torch.nonzero([result,] x): the places of the elements that are not 0, a row for each
function functions.nonzero(a, b)
  if b == nil then return F.nonzero(a) end
  call(C.mt_nonzero, check('nonzero', a), check('nonzero', b))
  return a
end
methods.nonzero = functions.nonzero

-- -- Joining ----------------------------------------------------------------------------------------------------

-- Parts with fewer dimensions get further ones of size 1, as columns; parts without elements join anything.
local function cat(list, dim, result)
  local last = 1
  for i = 1, #list do last = math.max(last, layout(check('cat', list[i])).dim) end
  dim = dim or last
  if type(dim) ~= 'number' or dim ~= math.floor(dim) or dim == 0 or dim > C.MT_MAX_DIM or dim < -last then
    fail('cat: expected a dimension of 1..%d, got %s', C.MT_MAX_DIM, tostring(dim))
  end
  if dim < 0 then dim = last + dim + 1 end
  local most = math.max(last, dim)
  if not state.tape then return F.cat(list, dim - 1, results.target(result, list)) end
  local parts = {}
  for i = 1, #list do
    local part = list[i]
    while layout(part).dim > 0 and layout(part).dim < most do part = F.unsqueeze(part, layout(part).dim) end
    parts[i] = part
  end
  return F.cat(parts, dim - 1)
end

--- torch.cat([result,] x, y[, dim]), torch.cat([result,] {x, y, …}[, dim]): one behind another along a dimension, by
-- default the last one
function functions.cat(a, b, c, d)
  if type(a) == 'table' then return cat(a, b) end
  if type(b) == 'table' then return into(check('cat', a), cat(b, c, a)) end
  if is_tensor(c) then return into(check('cat', a), cat({b, c}, d, a)) end
  return cat({a, b}, c)
end
methods.cat = functions.cat

local equal = ffi.new('int[1]')

--- torch.equal(x, y): whether sizes and elements agree
function functions.equal(x, y)
  call(C.mt_equal, check('equal', x), check('equal', y), equal)
  return equal[0] ~= 0
end
methods.equal = functions.equal

return {functions = functions, methods = methods}
