--- Sizes in HDF5: lists of them as hsize_t[], and dataspaces.
local ffi = require 'ffi'
local errors = require 'torch.errors'
local library = require 'hdf5.library'

local C, own, check = library.C, library.own, library.check
local spaces = {}

local SIMPLE, NULL = 1, 2
local SELECT_SET = 0
spaces.UNLIMITED = ffi.cast('hsize_t', -1LL) -- LuaJIT makes 2^63 of the number -1

--- A list of numbers as HDF5 takes it.
function spaces.array(list)
  local out = ffi.new('hsize_t[?]', math.max(#list, 1))
  for i, size in ipairs(list) do out[i - 1] = size end
  return out
end

--- A dataspace of these sizes; of none at all where the list is empty. growing: the first size may grow later on.
function spaces.of_sizes(sizes, growing)
  if #sizes == 0 then return own('space', C.H5Screate(NULL), 'cannot make a dataspace') end
  local most = spaces.array(sizes)
  if growing then most[0] = spaces.UNLIMITED end
  return own('space', C.H5Screate_simple(#sizes, spaces.array(sizes), most), 'cannot make a dataspace')
end

--- The sizes of a dataspace: {} where it has no elements at all, {1} where it has one but no dimensions.
function spaces.sizes(space)
  local kind = check(C.H5Sget_simple_extent_type(space.id), 'cannot look at a dataspace')
  if kind == NULL then return {} end
  if kind ~= SIMPLE then return {1} end
  local rank = check(C.H5Sget_simple_extent_ndims(space.id), 'cannot look at a dataspace')
  local size, list = ffi.new('hsize_t[?]', rank), {}
  check(C.H5Sget_simple_extent_dims(space.id, size, nil), 'cannot look at a dataspace')
  for i = 1, rank do list[i] = tonumber(size[i - 1]) end
  return list
end

--- Chooses a box of a dataspace: lists of where it begins in each dimension (from 0) and how long it is.
function spaces.select(space, start, count)
  check(C.H5Sselect_hyperslab(space.id, SELECT_SET, spaces.array(start), nil, spaces.array(count), nil),
        'cannot choose a part of the data')
end

--- Ranges as a user gives them, a number or {first, last} for each dimension, as lists of starts and counts.
function spaces.ranges(ranges, sizes)
  if #ranges ~= #sizes then
    errors.fail('partial: expected a range for each of %d dimensions, got %d', #sizes, #ranges)
  end
  local start, count = {}, {}
  for i, range in ipairs(ranges) do
    if type(range) ~= 'table' then range = {range, range} end
    local first, last = range[1], range[2]
    local whole = type(first) == 'number' and type(last) == 'number' and first % 1 == 0 and last % 1 == 0
    if not whole or first < 1 or last < first or last > sizes[i] then
      errors.fail('partial: the range {%s, %s} of dimension %d is not within 1..%d', tostring(first), tostring(last), i,
                  sizes[i])
    end
    start[i], count[i] = first - 1, last - first + 1
  end
  return start, count
end

return spaces
