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

local function whole(what, v)
  if type(v) ~= 'number' or v ~= math.floor(v) then fail('%s: expected a whole number, got %s', what, tostring(v)) end
  return v
end

-- A place counted from 1 (or, negative, from the end) as C counts it; what lies outside is left for C to refuse.
local function place(what, t, d, i)
  return whole(what, i) < 0 and tonumber(layout(t).size[d]) + i or i - 1
end

--- narrow(dim, first, length): elements first … first + length − 1 of a dimension; a negative first counts from the end
function methods:narrow(dim, first, length)
  local d = dim_of('narrow', self, dim)
  return F.narrow(self, d, place('narrow', self, d, first), whole('narrow', length))
end

--- select(dim, index): one slice, with that dimension gone; a negative index counts from the end
function methods:select(dim, index)
  local d = dim_of('select', self, dim)
  return F.select(self, d, place('select', self, d, index))
end

--- sub(first, last, …): a range of each leading dimension; negative places count from the end
function methods:sub(...)
  local out, n = self, select('#', ...)
  if n == 0 or n % 2 ~= 0 then fail('sub: expected pairs of first and last places') end
  for k = 1, n / 2 do
    local d = dim_of('sub', self, k)
    local first, last = select(2 * k - 1, ...)
    local size = tonumber(layout(self).size[d])
    if first < 0 then first = size + first + 1 end
    if last < 0 then last = size + last + 1 end
    out = F.narrow(out, d, whole('sub', first) - 1, whole('sub', last) - first + 1)
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

--- expand(sizes…), or expand(tensor, sizes…) for the tensor expanded
function methods:expand(first, ...)
  if is_tensor(first) then
    local n = sizes.read('expand', ...)
    call(C.mt_expand, self, first, n, sizes.buffer)
    return self
  end
  return F.expand(self, nil, sizes.read('expand', first, ...))
end

function methods:expandAs(other, model)
  if model then
    call(C.mt_expand, self, other, layout(model).dim, layout(model).size)
    return self
  end
  return F.expand(self, other)
end

--- view(sizes…): the same elements with other sizes; view(tensor, sizes…) makes self a view of the tensor
function methods:view(first, ...)
  if is_tensor(first) then
    local n = sizes.read('view', ...)
    call(C.mt_view, self, first, n, sizes.buffer)
    return self
  end
  return F.view(self, nil, sizes.read('view', first, ...))
end

function methods:viewAs(other, model)
  if model then
    call(C.mt_view, self, other, layout(model).dim, layout(model).size)
    return self
  end
  return F.view(self, other)
end

--- reshape(sizes…): a view where the elements lie in order, else a copy
function methods:reshape(first, ...)
  local packed = F.contiguous(self)
  return F.view(packed, nil, sizes.read('reshape', first, ...))
end

--- squeeze(): without dimensions of size 1; squeeze(dim): without that one, if its size is 1
function methods:squeeze(dim)
  local out = F.squeeze(self, dim and dim_of('squeeze', self, dim) or -1)
  local single = dim == nil and layout(out).dim == 1 and C.mt_tensor_numel(out) == 1
  if single and not op.state.tape then return out:item() end
  return out
end

function methods:unsqueeze(dim)
  return F.unsqueeze(self, dim_of('unsqueeze', self, dim, 1))
end

function methods:unfold(dim, size, step)
  return F.unfold(self, dim_of('unfold', self, dim), whole('unfold', size), whole('unfold', step))
end

function methods:contiguous() return F.contiguous(self) end
function methods:clone() return F.clone(self) end

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
  local spread = self:reshape(unpack(inner)):expand(unpack(outer))
  return F.contiguous(spread):view(unpack(final))
end

--- split(size[, dim]): views of at most that many places each, in a table
function methods:split(size, dim)
  local d = dim_of('split', self, dim or 1)
  local total, parts = tonumber(layout(self).size[d]), {}
  if whole('split', size) < 1 then fail('split: expected a size of 1 or more, got %s', tostring(size)) end
  for first = 0, total - 1, size do
    parts[#parts + 1] = F.narrow(self, d, first, math.min(size, total - first))
  end
  return parts
end

--- chunk(n[, dim]): about n views of equal size, in a table
function methods:chunk(n, dim)
  local total = tonumber(layout(self).size[dim_of('chunk', self, dim or 1)])
  if whole('chunk', n) < 1 then fail('chunk: expected a count of 1 or more, got %s', tostring(n)) end
  return self:split(math.ceil(total / n), dim)
end

-- torch.reshape(x, …) and the like; the last four also take a result tensor first
views.functions = {}
for _, name in ipairs {
  'narrow', 'select', 'transpose', 't', 'permute', 'expand', 'expandAs', 'view', 'viewAs', 'squeeze', 'unsqueeze',
  'unfold', 'contiguous', 'split', 'chunk',
} do
  local method = methods[name]
  views.functions[name] = function(t, ...)
    if not is_tensor(t) then op.expected_tensor(name, t) end
    return method(t, ...)
  end
end

for _, name in ipairs {'reshape', 'repeatTensor'} do
  local method = methods[name]
  local function into(result, t, ...)
    return result:set(method(t, ...):clone())
  end
  views.functions[name] = function(a, b, ...)
    if not is_tensor(a) then op.expected_tensor(name, a) end
    if is_tensor(b) then return into(a, b, ...) end
    return method(a, b, ...)
  end
  methods[name] = function(self, first, ...)
    if is_tensor(first) then return into(self, first, ...) end
    return method(self, first, ...)
  end
end

return views
