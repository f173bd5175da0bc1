--- apply, map and map2: a Lua function for every element. They walk over the elements' memory, so the compiler makes
-- plain loops of them.
--   x:apply(function(v) return v * v end)
--   x:map(y, function(v, w) return v + w end)
--   x:map2(y, z, function(v, w, u) return v + w * u end)
-- What the function gives takes the element's place; it stays where nothing is given. Elements of a LongTensor come as
-- numbers, so beyond 2^53 they are rounded; what is given may be an int64_t.
local C = require 'torch.ffi'
local class = require 'torch.class'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local reals = require 'torch.reals'
local sizes = require 'torch.sizes'

local layout, is_tensor, fail = handle.layout, handle.is_tensor, errors.fail
local number, upper = reals.number, reals.upper

-- -- Rows -------------------------------------------------------------------------------------------------------

-- Takes what a function gave that is not a number: an int64_t, or nothing.
local function put(p, i, v)
  if v == nil or v == false then return end
  if type(v) ~= 'cdata' or not tonumber(v) then
    fail('apply: expected a number or nothing from the function, got %s', class.type(v))
  end
  p[i] = v
end

-- One run of n elements; kind: their C type; p, q, r: the first of each tensor, s, t, u: steps to the next. Each of
-- them is read at the end of the round before: what f is, which differs from call to call where a script writes it
-- into the call, is then what a round of compiled code asks first, and it is one loop whatever f it was compiled for.
local function one(f, kind, n, p, s)
  local halves, step, exponent = upper(kind, p)
  local a = number(p, 0, halves, step, exponent)
  local i = 0
  for left = n - 1, 0, -1 do
    local v = f(a)
    if type(v) == 'number' then p[i] = v else put(p, i, v) end
    if left == 0 then break end
    i = i + s
    a = number(p, i, halves, step, exponent)
  end
end

local function two(f, kind, n, p, s, q, t)
  local halves, step, exponent = upper(kind, p)
  local others = upper(kind, q)
  local a, b = number(p, 0, halves, step, exponent), number(q, 0, others, step, exponent)
  local i, j = 0, 0
  for left = n - 1, 0, -1 do
    local v = f(a, b)
    if type(v) == 'number' then p[i] = v else put(p, i, v) end
    if left == 0 then break end
    i, j = i + s, j + t
    a, b = number(p, i, halves, step, exponent), number(q, j, others, step, exponent)
  end
end

local function three(f, kind, n, p, s, q, t, r, u)
  local halves, step, exponent = upper(kind, p)
  local others, thirds = upper(kind, q), upper(kind, r)
  local a, b = number(p, 0, halves, step, exponent), number(q, 0, others, step, exponent)
  local c = number(r, 0, thirds, step, exponent)
  local i, j, k = 0, 0, 0
  for left = n - 1, 0, -1 do
    local v = f(a, b, c)
    if type(v) == 'number' then p[i] = v else put(p, i, v) end
    if left == 0 then break end
    i, j, k = i + s, j + t, k + u
    a, b = number(p, i, halves, step, exponent), number(q, j, others, step, exponent)
    c = number(r, k, thirds, step, exponent)
  end
end

local runs = {one, two, three}

local function step(t, dim) return t and tonumber(layout(t).stride[dim]) or 0 end

-- Calls run for every row of tensors of equal sizes, in order. p, q, r: where the part of a, b, c begins
local function rows(run, f, kind, a, b, c, p, q, r, dim)
  local n, s, t, u = tonumber(layout(a).size[dim]), step(a, dim), step(b, dim), step(c, dim)
  if dim == layout(a).dim - 1 then return run(f, kind, n, p, s, q, t, r, u) end
  for i = 0, n - 1 do
    rows(run, f, kind, a, b, c, p + i * s, q and q + i * t, r and r + i * u, dim + 1)
  end
end

-- -- The forms --------------------------------------------------------------------------------------------------

-- Elements that Lua can reach: on the CPU, of a type that LuaJIT knows.
local function reachable(t)
  local kind = handle.kind(t)
  return kind.device == C.MT_CPU and kind.pointer ~= nil
end

local function check(name, self, others, f)
  if not is_tensor(self) then op.expected_tensor(name, self) end
  for i = 1, #others do
    local t = others[i]
    if not is_tensor(t) then op.expected_tensor(name, t) end
    if handle.kind(t) ~= handle.kind(self) then
      fail('%s: expected a %s, got a %s', name, handle.kind(self).tensor_name, handle.kind(t).tensor_name)
    end
    if C.mt_tensor_numel(t) ~= C.mt_tensor_numel(self) then
      fail('%s: expected as many elements as %s, got %s', name, sizes.text(self), sizes.text(t))
    end
  end
  if type(f) ~= 'function' then
    fail('%s: expected a function, got %s', name, f == nil and 'nothing' or class.type(f))
  end
end

local function each(self, others, f)
  local block, list, packed = handle.block(layout(self).storage), {self}, self:isContiguous()
  for i = 1, #others do
    local t = others[i]
    list[i + 1] = t:isSameSizeAs(self) and t or t:contiguous():viewAs(self)
    packed = packed and list[i + 1]:isContiguous()
  end
  local a, b, c = list[1], list[2], list[3]
  local p, q, r, kind = a:data(), b and b:data(), c and c:data(), handle.kind(a).ctype
  block.version = block.version + 1
  if packed then return runs[#list](f, kind, tonumber(C.mt_tensor_numel(a)), p, 1, q, 1, r, 1) end
  rows(runs[#list], f, kind, a, b, c, p, q, r, 0)
end

local function through_double(self, others, f)
  local wide, list = self:double(), {}
  for i = 1, #others do list[i] = others[i]:double() end
  each(wide, list, f)
  memory.call(C.mt_copy, self, wide)
end

local function run(name, self, others, f)
  check(name, self, others, f)
  if C.mt_tensor_numel(self) == 0 then return self end
  if reachable(self) then each(self, others, f) else through_double(self, others, f) end
  return op.record(op.by_name.fill, self, nil, nil, nil, nil, nil, nil, nil, true)
end

local methods = {}

--- apply(f): every element x becomes f(x), unless that is nothing
function methods.apply(self, f) return run('apply', self, {}, f) end

--- map(y, f): every element x becomes f(x, y), where y are the elements of a tensor of as many
function methods.map(self, y, f) return run('map', self, {y}, f) end

--- map2(y, z, f): every element x becomes f(x, y, z)
function methods.map2(self, y, z, f) return run('map2', self, {y, z}, f) end

return {methods = methods}
