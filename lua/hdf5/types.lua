--- Which tensor type holds the numbers of an HDF5 type, and how they are written. Sizes in the file are those of the
-- tensor; bytes are little-endian. A 16-bit float is IEEE's half.
local ffi = require 'ffi'
local torch = require 'torch'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local tensor_types = require 'torch.types'
local library = require 'hdf5.library'

local C, own, check = library.C, library.own, library.check
local types = {}

-- -- Names ------------------------------------------------------------------------------------------------------

local class_names = {
  [-1] = 'NO_CLASS', [0] = 'INTEGER', 'FLOAT', 'TIME', 'STRING', 'BITFIELD', 'OPAQUE', 'COMPOUND', 'REFERENCE', 'ENUM',
  'VLEN', 'ARRAY', 'COMPLEX',
}

--- The name of a type's class: 'INTEGER', 'FLOAT', 'STRING', …
function types.class_name(id)
  return class_names[C.H5Tget_class(id)] or errors.fail('hdf5: the type %s has no known class', tostring(id))
end

-- -- Types of tensors -------------------------------------------------------------------------------------------

-- A 16-bit float as IEEE has it: sign, exponent of 5 bits, mantissa of 10.
local function make_half()
  local half = own('type', C.H5Tcopy(C.H5T_IEEE_F32LE_g), 'cannot make a type')
  check(C.H5Tset_fields(half.id, 15, 10, 5, 0, 10), 'cannot make a type')
  check(C.H5Tset_size(half.id, 2), 'cannot make a type')
  check(C.H5Tset_ebias(half.id, 15), 'cannot make a type')
  return half
end

local half = make_half()

-- By tensor type: the type in memory and the one in files
local rows = {
  ['torch.ByteTensor'] = {C.H5T_NATIVE_UCHAR_g, C.H5T_STD_U8LE_g},
  ['torch.CharTensor'] = {C.H5T_NATIVE_SCHAR_g, C.H5T_STD_I8LE_g},
  ['torch.ShortTensor'] = {C.H5T_NATIVE_SHORT_g, C.H5T_STD_I16LE_g},
  ['torch.IntTensor'] = {C.H5T_NATIVE_INT_g, C.H5T_STD_I32LE_g},
  ['torch.LongTensor'] = {C.H5T_NATIVE_LLONG_g, C.H5T_STD_I64LE_g},
  ['torch.FloatTensor'] = {C.H5T_NATIVE_FLOAT_g, C.H5T_IEEE_F32LE_g},
  ['torch.DoubleTensor'] = {C.H5T_NATIVE_DOUBLE_g, C.H5T_IEEE_F64LE_g},
  ['torch.HalfTensor'] = {half.id, half.id, alive = half},
}

--- The HDF5 types, in memory and in files, of the name of a tensor type.
function types.of_name(name)
  local row = rows[name] or errors.fail('hdf5: HDF5 has no type for a %s; convert it, with :float() for instance', name)
  return row[1], row[2]
end

--- The same for a tensor, from whatever device it comes.
function types.of_tensor(t)
  return types.of_name(tensor_types.at[torch.C.MT_CPU][handle.kind(t).dtype].tensor_name)
end

-- -- Types of files ---------------------------------------------------------------------------------------------

local function is_half(id)
  local place = ffi.new('size_t[5]')
  check(C.H5Tget_fields(id, place, place + 1, place + 2, place + 3, place + 4), 'cannot look at a type')
  return place[2] == 5 and place[4] == 10
end

local signed = {'torch.CharTensor', 'torch.ShortTensor', [4] = 'torch.IntTensor', [8] = 'torch.LongTensor'}
local unsigned = {'torch.ByteTensor', 'torch.IntTensor', [4] = 'torch.LongTensor', [8] = 'torch.LongTensor'}

local function integer(id, size)
  local is_signed = C.H5Tget_sign(id) ~= 0
  return (is_signed and signed or unsigned)[size], not is_signed and size == 8
end

local function float(id, size)
  if size == 2 then return is_half(id) and 'torch.HalfTensor' or 'torch.FloatTensor' end
  return size == 4 and 'torch.FloatTensor' or size == 8 and 'torch.DoubleTensor' or nil
end

--- The tensor type for an HDF5 type, and whether its numbers have to be read as unsigned 64-bit ones. Unsigned types go
-- to the next wider one; enumerations (h5py's booleans) are read as their numbers.
function types.of_file(id)
  local class, size = types.class_name(id), tonumber(C.H5Tget_size(id))
  local name, is_wide
  if class == 'ENUM' then
    local base = own('type', C.H5Tget_super(id), 'cannot look at a type')
    name = size == 1 and 'torch.ByteTensor' or integer(base.id, size)
  elseif class == 'INTEGER' then
    name, is_wide = integer(id, size)
  elseif class == 'FLOAT' then
    name = float(id, size)
  end
  if not name then errors.fail('hdf5: there is no tensor type for %s of %d bytes', class, size) end
  return name, is_wide
end

--- The type by which the numbers of a file's type come into the memory of a tensor; it is to be kept while it is used.
function types.in_memory(file_type, name, is_wide)
  if types.class_name(file_type) == 'ENUM' then
    return own('type', C.H5Tget_native_type(file_type, 1), 'cannot look at a type')
  end
  local id = is_wide and C.H5T_NATIVE_ULLONG_g or types.of_name(name)
  return own('type', C.H5Tcopy(id), 'cannot copy a type')
end

--- Refuses unsigned numbers that are too large for a LongTensor, once they were read.
function types.check_wide(t, what)
  if t:nElement() > 0 and t:min() < 0 then
    errors.fail('hdf5: %s has numbers of 2^63 or more, too large for a torch.LongTensor', what)
  end
end

--- The constructor of a tensor type.
function types.factory(name) return torch[name:match('^torch%.(.*)$')] end

return types
