--- Torch7's methods that change a tensor's view; dimensions count from 1.
local C = require 'torch.ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local sizes = require 'torch.sizes'

local F = op.F
local layout, is_tensor = handle.layout, handle.is_tensor
local call, fail = memory.call, errors.fail
local dim_of = sizes.dim

local views = {methods = {}}
local methods = views.methods

local integer = sizes.integer

local function check(name, x)
  if not is_tensor(x) then op.expected_tensor(name, x) end
  return x
end

-- A place counted from 1 (or, negative, from the end) as C counts it; what lies outside is left for C to refuse.
local function place(what, t, d, i)
  return integer(what, i) < 0 and tonumber(layout(t).size[d]) + i or i - 1
end

--- narrow(dim, first, length): elements first … first + length − 1 of a dimension; a negative first counts from the
-- end
function methods:narrow(dim, first, length)
  local d = dim_of('narrow', self, dim)
  return F.narrow(self, d, place('narrow', self, d, first), integer('narrow', length))
end

-- The number in out, or, while it is recorded, out itself as one.
local function number(out)
  return op.state.tape and op.state.tape:as_number(out) or out:item()
end

--- select(dim, index): one slice, with that dimension gone; a negative index counts from the end. An element of a
-- vector is a number, whatever dim is.
function methods:select(dim, index)
  local is_vector = layout(self).dim == 1
  local d = is_vector and 0 or dim_of('select', self, dim)
  local out = F.select(self, d, place('select', self, d, index))
  if is_vector then return number(out) end
  return out
end

--- sub(first, last, …): a range of each leading dimension; negative places count from the end
function methods:sub(...)
  local out, n = self, select('#', ...)
  if n == 0 or n % 2 ~= 0 then fail('sub: expected pairs of first and last places') end
  for k = 1, n / 2 do
    local d = dim_of('sub', self, k)
    local first, last = integer('sub', (select(2 * k - 1, ...))), integer('sub', (select(2 * k, ...)))
    local size = tonumber(layout(self).size[d])
    if first < 0 then first = size + first + 1 end
    if last < 0 then last = size + last + 1 end
    if last < first then fail('sub: %d … %d is an empty range', first, last) end
    out = F.narrow(out, d, first - 1, last - first + 1)
  end
  return out
end

function methods:transpose(dim1, dim2)
  return F.transpose(self, dim_of('transpose', self, dim1), dim_of('transpose', self, dim2))
end

--- t(): the transpose of a matrix
function methods:t()
  if layout(self).dim ~= 2 then fail('t: expected a matrix, got %s', sizes.text(self)) end
  return F.transpose(self, 0, 1)
end

function methods:permute(...)
  local order = {}
  for i = 1, select('#', ...) do order[i] = dim_of('permute', self, (select(i, ...))) end
  return F.permute(self, order)
end

--- expand(sizes…): dimensions of size 1 seem repeated; result:expand(tensor, sizes…) makes result such a view
function methods:expand(first, ...)
  check('expand', self)
  if is_tensor(first) then
    local n = sizes.read('expand', ...)
    call(C.mt_expand, self, first, n, sizes.buffer)
    return op.record(op.by_name.expand, self, first)
  end
  return F.expand(self, nil, sizes.read('expand', first, ...))
end

--- expandAs(model): expand to the model's sizes; result:expandAs(tensor, model) makes result such a view
function methods:expandAs(other, model)
  check('expandAs', self)
  check('expandAs', other)
  if model ~= nil then
    check('expandAs', model)
    call(C.mt_expand, self, other, layout(model).dim, layout(model).size)
    return op.record(op.by_name.expand, self, other)
  end
  return F.expand(self, other)
end

--- view(sizes…): the same elements with other sizes; result:view(tensor, sizes…) makes result a view of the tensor
function methods:view(first, ...)
  check('view', self)
  if is_tensor(first) then
    local n = sizes.read('view', ...)
    call(C.mt_view, self, first, n, sizes.buffer)
    return op.record(op.by_name.view, self, first)
  end
  return F.view(self, nil, sizes.read('view', first, ...))
end

--- viewAs(model): view with the model's sizes; result:viewAs(tensor, model) makes result such a view
function methods:viewAs(other, model)
  check('viewAs', self)
  check('viewAs', other)
  if model ~= nil then
    check('viewAs', model)
    call(C.mt_view, self, other, layout(model).dim, layout(model).size)
    return op.record(op.by_name.view, self, other)
  end
  return F.view(self, other)
end

--- reshape(sizes…): a copy with other sizes, of which one may be -1
function methods:reshape(first, ...)
  local copy = F.clone(self)
  local n, wanted, any = sizes.read('reshape', first, ...), 1, false
  for i = 0, n - 1 do
    wanted, any = wanted * tonumber(sizes.buffer[i]), any or sizes.buffer[i] == -1
  end
  if not any and wanted ~= tonumber(C.mt_tensor_numel(self)) then
    fail('reshape: sizes %s do not make %d elements', sizes.text(self), wanted)
  end
  return F.view(copy, nil, n)
end

--- squeeze([result,] x): without dimensions of size 1; squeeze([result,] x, dim): without that one, if its size is 1.
-- One element that is left without a dimension is a number.
function methods:squeeze(first, second)
  local x, dim = check('squeeze', self), first
  if is_tensor(first) then x, dim = first, second end
  dim = dim and dim_of('squeeze', x, dim) or -1
  if x ~= self then
    call(C.mt_squeeze, self, x, dim)
    return op.record(op.by_name.squeeze, self, x)
  end
  local out = F.squeeze(x, dim)
  local single = (dim < 0 or layout(x).dim == 1) and layout(out).dim == 1 and C.mt_tensor_numel(out) == 1
  if single then return number(out) end
  return out
end

function methods:unsqueeze(dim)
  return F.unsqueeze(self, dim_of('unsqueeze', self, dim, 1))
end

function methods:unfold(dim, size, step)
  return F.unfold(self, dim_of('unfold', self, dim), integer('unfold', size), integer('unfold', step))
end

function methods:contiguous() return F.contiguous(self) end
function methods:clone() return F.clone(self) end

-- x with the n sizes of a list
local function with_sizes(x, list)
  return F.view(x, nil, sizes.read('view', list))
end

--- repeatTensor(counts…): the tensor laid side by side along each dimension
function methods:repeatTensor(first, ...)
  local n = sizes.read('repeatTensor', first, ...)
  local lead = n - layout(self).dim
  if lead < 0 then fail('repeatTensor: %d counts for %d dimensions', n, layout(self).dim) end
  local inner, outer, final = {}, {}, {}
  for i = 1, n do
    local size = i > lead and tonumber(layout(self).size[i - 1 - lead]) or 1
    local count = tonumber(sizes.buffer[i - 1])
    inner[2 * i - 1], inner[2 * i] = 1, size
    outer[2 * i - 1], outer[2 * i] = count, size
    final[i] = count * size
  end
  local rows = with_sizes(F.contiguous(self), inner)
  return with_sizes(F.contiguous(F.expand(rows, nil, sizes.read('repeatTensor', outer))), final)
end

-- -- Lists of parts ---------------------------------------------------------------------------------------------

local function split(parts, t, size, dim)
  local d = dim_of('split', check('split', t), dim or 1)
  local total = tonumber(layout(t).size[d])
  size = integer('split', size)
  if size < 1 then fail('split: expected a size of 1 or more, got %s', tostring(size)) end
  for i = 1, #parts do parts[i] = nil end
  for first = 0, total - 1, size do
    parts[#parts + 1] = F.narrow(t, d, first, math.min(size, total - first))
  end
  return parts
end

--- split([list,] x, size[, dim]): views of at most that many places each, in a table
function methods.split(a, b, c, d)
  if type(a) == 'table' then return split(a, b, c, d) end
  return split({}, a, b, c)
end

local function chunk(parts, t, n, dim)
  check('chunk', t)
  n = integer('chunk', n)
  if n < 1 then fail('chunk: expected a count of 1 or more, got %s', tostring(n)) end
  return split(parts, t, math.ceil(tonumber(layout(t).size[dim_of('chunk', t, dim or 1)]) / n), dim)
end

--- chunk([list,] x, n[, dim]): about n views of equal size, in a table
function methods.chunk(a, b, c, d)
  if type(a) == 'table' then return chunk(a, b, c, d) end
  return chunk({}, a, b, c)
end

-- torch.reshape(x, …) and the like; the last four also take a result tensor first
views.functions = {}
for _, name in ipairs {
  'narrow', 'select', 'transpose', 't', 'permute', 'expand', 'expandAs', 'view', 'viewAs', 'squeeze', 'unsqueeze',
  'unfold', 'contiguous',
} do
  local method = methods[name]
  views.functions[name] = function(t, ...)
    return method(check(name, t), ...)
  end
end

views.functions.split, views.functions.chunk = methods.split, methods.chunk

for _, name in ipairs {'reshape', 'repeatTensor'} do
  local method = methods[name]
  local function into(result, t, ...)
    return result:set(method(t, ...):clone())
  end
  views.functions[name] = function(a, b, ...)
    check(name, a)
    if is_tensor(b) then return into(a, b, ...) end
    return method(a, b, ...)
  end
  methods[name] = function(self, first, ...)
    check(name, self)
    if is_tensor(first) then return into(self, first, ...) end
    return method(self, first, ...)
  end
end

return views
