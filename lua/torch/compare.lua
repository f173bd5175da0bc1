--- Deep equality of values, as torch.Tester asks for it: numbers and the elements of tensors and storages within a
-- tolerance, tables by their contents, everything else by ==.
local ffi = require 'ffi'
local C = require 'torch.ffi'
local handle = require 'torch.handle'
local memory = require 'torch.memory'
local op = require 'torch.op'
local sizes = require 'torch.sizes'
local storage = require 'torch.storage'

local F = op.F
local is_tensor, is_storage, call = handle.is_tensor, handle.is_storage, memory.call

local equal_flag = ffi.new('int[1]')

-- Whether all elements are the same. No NaN equals another.
local function identical(a, b)
  call(C.mt_equal, a, b, equal_flag)
  return equal_flag[0] ~= 0
end

-- The greatest gap between elements; NaN where there is one. Equal infinities have none.
local function greatest_gap(a, b)
  local x, y = a:double(), b:double()
  return F.where(F.eq(x, y), 0, F.abs(F.sub(x, y))):max()
end

local function elements_equal(a, b, tolerance, what)
  if identical(a, b) then return true end
  local gap = greatest_gap(a, b)
  if tolerance > 0 and gap <= tolerance then return true end
  return false, ('the elements of the %ss differ by up to %.17g, more than the tolerance of %g'):format(what, gap,
                                                                                                        tolerance)
end

--- Whether two tensors are equal; if not, why. any_shape: {{1}} may equal {1}.
local function tensors_equal(a, b, tolerance, any_shape)
  if not is_tensor(b) then return false, 'only one of them is a tensor' end
  local type_a, type_b = handle.kind(a).tensor_name, handle.kind(b).tensor_name
  if type_a ~= type_b then return false, ('the types %s and %s differ'):format(type_a, type_b) end
  if not a:isSameSizeAs(b) then
    if not any_shape or C.mt_tensor_numel(a) ~= C.mt_tensor_numel(b) then
      return false, ('the sizes %s and %s differ'):format(sizes.text(a), sizes.text(b))
    end
    b = b:contiguous():viewAs(a)
  end
  return elements_equal(a, b, tolerance, 'tensor')
end

local function storages_equal(a, b, tolerance)
  if not is_storage(b) then return false, 'only one of them is a storage' end
  local type_a, type_b = handle.kind(a).storage_name, handle.kind(b).storage_name
  if type_a ~= type_b then return false, ('the types %s and %s differ'):format(type_a, type_b) end
  if #a ~= #b then return false, ('the sizes %d and %d differ'):format(#a, #b) end
  return elements_equal(storage.as_tensor(a), storage.as_tensor(b), tolerance, 'storage')
end

local function describe(x)
  return type(x) == 'string' and ('%q'):format(x) or tostring(x)
end

local function plain_equal(a, b, tolerance)
  if type(a) ~= type(b) then return false, ('expected a %s, got a %s'):format(type(b), type(a)) end
  if is_tensor(a) then return tensors_equal(a, b, tolerance) end
  if is_storage(a) then return storages_equal(a, b, tolerance) end
  if a == b or type(a) == 'number' and math.abs(a - b) <= tolerance then return true end
  local margin = type(a) == 'number' and tolerance > 0 and (' within %g'):format(tolerance) or ''
  return false, ('expected %s%s, got %s'):format(describe(b), margin, describe(a))
end

-- Level by level, so that the difference reported lies as near to the top as possible. Pairs that were met before
-- are not compared again, so tables may contain themselves.
local function tables_equal(a, b, tolerance)
  local queue, head, seen = {{a, b, ''}}, 1, {}
  local function visit(x, y, path)
    seen[x] = seen[x] or {}
    if seen[x][y] then return end
    seen[x][y] = true
    queue[#queue + 1] = {x, y, path}
  end
  while queue[head] do
    local x, y, path = unpack(queue[head])
    head = head + 1
    for key, value in pairs(x) do
      local place, other = path .. '.' .. tostring(key), y[key]
      if type(value) == 'table' and type(other) == 'table' then
        visit(value, other, place)
      else
        local ok, why = plain_equal(value, other, tolerance)
        if not ok then return false, ('at %s: %s'):format(place, why) end
      end
    end
    for key, value in pairs(y) do
      if x[key] == nil then
        return false, ('at %s.%s: expected %s, got nil'):format(path, tostring(key), describe(value))
      end
    end
  end
  return true
end

--- Whether got equals expected; if not, why. tolerance: greatest gap between numbers, 0 or more.
local function equal(got, expected, tolerance)
  if type(got) == 'table' and type(expected) == 'table' then return tables_equal(got, expected, tolerance) end
  return plain_equal(got, expected, tolerance)
end

return {equal = equal, tensors_equal = tensors_equal}
