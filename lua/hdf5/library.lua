--- libhdf5 under the FFI. Its ids have 32 bits up to version 1.8 and 64 since 1.10, and two of its structs changed with
-- 1.12, so the library is asked for its version before anything else is declared.
-- Returns {C, version, own, release, check, call}.
local ffi = require 'ffi'
local errors = require 'torch.errors'
local libc = require 'torch.libc'
local optional = require 'torch.optional'

local library = {}

local C = optional('hdf5', {
  'libhdf5_serial.so.103', 'libhdf5.so.103', 'libhdf5_serial.so.310', 'libhdf5.so.310', 'libhdf5_serial.so.320',
  'libhdf5.so.320', 'libhdf5_serial.so.100', 'libhdf5.so.100', 'libhdf5_serial.so.10', 'libhdf5.so.10',
  'hdf5_serial', 'hdf5',
}, 'libhdf5-103-1')
library.C = C

-- -- Declarations -----------------------------------------------------------------------------------------------

ffi.cdef 'int H5get_libversion(unsigned *major, unsigned *minor, unsigned *release);'

local function ask_version()
  local numbers = ffi.new('unsigned[3]')
  C.H5get_libversion(numbers, numbers + 1, numbers + 2)
  return {numbers[0], numbers[1], numbers[2]}
end

library.version = ask_version()

local function since(minor, release)
  local v = library.version
  return v[1] > 1 or v[2] > minor or v[2] == minor and v[3] >= (release or 0)
end

if not since(8) then
  errors.fail('hdf5: expected version 1.8 of libhdf5 or a later one, got %s', table.concat(library.version, '.'))
end

ffi.cdef(('typedef %s hid_t;'):format(since(10) and 'int64_t' or 'int'))
ffi.cdef [[
typedef int herr_t;
typedef unsigned long long hsize_t;
typedef struct { int storage_type; hsize_t nlinks; int64_t max_corder; bool mounted; } H5G_info_t;
typedef struct mt_hdf5_id { hid_t id; } mt_hdf5_id;

herr_t H5open(void);
herr_t H5Eset_auto2(hid_t stack, void *print, void *context);
herr_t H5Eprint2(hid_t stack, mt_file *stream);
int H5Iget_type(hid_t id);
int H5Iis_valid(hid_t id);
ssize_t H5Iget_name(hid_t id, char *name, size_t size);

hid_t H5Fcreate(const char *path, unsigned flags, hid_t create, hid_t access);
hid_t H5Fopen(const char *path, unsigned flags, hid_t access);
herr_t H5Fclose(hid_t file);
herr_t H5Fflush(hid_t object, int scope);
ssize_t H5Fget_obj_count(hid_t file, unsigned kinds);
ssize_t H5Fget_obj_ids(hid_t file, unsigned kinds, size_t most, hid_t *ids);

hid_t H5Oopen(hid_t place, const char *name, hid_t access);
herr_t H5Oclose(hid_t object);
int H5Lexists(hid_t place, const char *name, hid_t access);
ssize_t H5Lget_name_by_idx(hid_t place, const char *group, int index, int order, hsize_t n, char *name, size_t size,
                           hid_t access);
hid_t H5Gcreate2(hid_t place, const char *name, hid_t link, hid_t create, hid_t access);
herr_t H5Gget_info(hid_t group, H5G_info_t *info);

hid_t H5Dcreate2(hid_t place, const char *name, hid_t type, hid_t space, hid_t link, hid_t create, hid_t access);
hid_t H5Dget_space(hid_t dataset);
hid_t H5Dget_type(hid_t dataset);
hid_t H5Dget_create_plist(hid_t dataset);
hsize_t H5Dget_storage_size(hid_t dataset);
herr_t H5Dset_extent(hid_t dataset, const hsize_t *size);
herr_t H5Dread(hid_t dataset, hid_t memory_type, hid_t memory_space, hid_t file_space, hid_t transfer, void *data);
herr_t H5Dwrite(hid_t dataset, hid_t memory_type, hid_t memory_space, hid_t file_space, hid_t transfer,
                const void *data);

hid_t H5Screate(int kind);
hid_t H5Screate_simple(int rank, const hsize_t *size, const hsize_t *most);
herr_t H5Sclose(hid_t space);
int H5Sget_simple_extent_type(hid_t space);
int H5Sget_simple_extent_ndims(hid_t space);
int H5Sget_simple_extent_dims(hid_t space, hsize_t *size, hsize_t *most);
herr_t H5Sselect_hyperslab(hid_t space, int op, const hsize_t *start, const hsize_t *stride, const hsize_t *count,
                           const hsize_t *block);

hid_t H5Tcopy(hid_t type);
herr_t H5Tclose(hid_t type);
int H5Tget_class(hid_t type);
size_t H5Tget_size(hid_t type);
int H5Tget_sign(hid_t type);
hid_t H5Tget_super(hid_t type);
hid_t H5Tget_native_type(hid_t type, int direction);
herr_t H5Tget_fields(hid_t type, size_t *sign, size_t *exponent, size_t *exponent_bits, size_t *mantissa,
                     size_t *mantissa_bits);
herr_t H5Tset_fields(hid_t type, size_t sign, size_t exponent, size_t exponent_bits, size_t mantissa,
                     size_t mantissa_bits);
herr_t H5Tset_size(hid_t type, size_t size);
herr_t H5Tset_ebias(hid_t type, size_t bias);

hid_t H5Pcreate(hid_t class);
herr_t H5Pclose(hid_t list);
herr_t H5Pset_chunk(hid_t list, int rank, const hsize_t *size);
herr_t H5Pset_deflate(hid_t list, unsigned level);
int H5Pget_layout(hid_t list);
int H5Pget_nfilters(hid_t list);
int H5Pget_external_count(hid_t list);
int H5Zfilter_avail(int filter);
herr_t H5Zget_filter_info(int filter, unsigned *flags);

extern hid_t H5T_NATIVE_UCHAR_g, H5T_NATIVE_SCHAR_g, H5T_NATIVE_SHORT_g, H5T_NATIVE_INT_g, H5T_NATIVE_LLONG_g,
             H5T_NATIVE_ULLONG_g, H5T_NATIVE_FLOAT_g, H5T_NATIVE_DOUBLE_g, H5T_STD_U8LE_g, H5T_STD_I8LE_g,
             H5T_STD_I16LE_g, H5T_STD_I32LE_g, H5T_STD_I64LE_g, H5T_IEEE_F32LE_g, H5T_IEEE_F64LE_g;

mt_file *mt_c_open_memstream(char **text, size_t *size) __asm__("open_memstream");
]]

-- The kind of a link, and what tells objects apart, come first in their structs in every version.
ffi.cdef(([[
herr_t mt_hdf5_link(hid_t place, const char *name, void *info, hid_t access) __asm__("%s");
herr_t mt_hdf5_object(hid_t object, void *info, unsigned fields) __asm__("%s");
extern hid_t mt_hdf5_dataset_create __asm__("%s");
]]):format(since(12) and 'H5Lget_info2' or 'H5Lget_info', since(12) and 'H5Oget_info3' or 'H5Oget_info',
           since(8, 14) and 'H5P_CLS_DATASET_CREATE_ID_g' or 'H5P_CLS_DATASET_CREATE_g'))

C.H5open()
C.H5Eset_auto2(0, nil, nil) -- its messages are for our errors

-- -- Errors -----------------------------------------------------------------------------------------------------

-- What the library says of the last failure: the innermost line of its list.
local function reason()
  local text, size = ffi.new('char *[1]'), ffi.new('size_t[1]')
  local stream = libc.C.mt_c_open_memstream(text, size)
  if stream == nil then return 'it failed' end
  C.H5Eprint2(0, stream)
  libc.C.mt_c_close(stream)
  local list, last = ffi.string(text[0], size[0]), nil
  libc.C.mt_c_free(text[0])
  for line in list:gmatch('#%d+: [^\n]*%(%): ([^\n]*)') do last = line end
  return last or 'it failed'
end

local box = ffi.typeof('mt_hdf5_id')
local longest_name = 1024

--- The path of an object in its file.
function library.name(id)
  local name = ffi.new('char[?]', longest_name)
  local n = tonumber(C.H5Iget_name(id, name, longest_name))
  return n > 0 and ffi.string(name) or '(no name)'
end

local function failed(what, ...)
  local why, arguments = reason(), {...} -- the reason first: the next call makes the library forget it
  for i = 1, #arguments do
    if ffi.istype(box, arguments[i]) then arguments[i] = library.name(arguments[i].id) end
  end
  errors.fail('hdf5: %s: %s', what:format(unpack(arguments)), why)
end

--- Gives what a function of the library gave; a negative number is an error that begins with what was to be done, a
-- format for the arguments that follow: what own took over appears by its name.
function library.check(result, what, ...)
  if result < 0 then failed(what, ...) end
  return result
end

-- -- Ids --------------------------------------------------------------------------------------------------------

local function close_file(b) C.H5Fclose(b.id) end
local function close_object(b) C.H5Oclose(b.id) end
local function close_space(b) C.H5Sclose(b.id) end
local function close_type(b) C.H5Tclose(b.id) end
local function close_list(b) C.H5Pclose(b.id) end
local closers = {file = close_file, object = close_object, space = close_space, type = close_type, list = close_list}

--- Takes over an id of a kind ('file', 'object', 'space', 'type', 'list'): its field id is valid as long as it lives.
function library.own(kind, id, what, ...)
  return ffi.gc(box(library.check(id, what, ...)), closers[kind])
end

--- Closes what own took over, at once.
function library.release(kind, b)
  closers[kind](ffi.gc(b, nil))
end

--- What tells the object of an id from others, as a string.
function library.identity(id)
  local info = ffi.new('uint64_t[64]')
  library.check(C.mt_hdf5_object(id, info, 1), 'cannot look at an object')
  return ffi.string(info, since(12) and 24 or 16)
end

local HARD, SOFT = 0, 1

--- Whether a name under an id leads to an object of this file, not of another one.
function library.is_inner_link(id, name)
  local info = ffi.new('uint64_t[32]')
  library.check(C.mt_hdf5_link(id, name, info, 0), 'cannot look at %s', name)
  local kind = ffi.cast('int *', info)[0]
  return kind == HARD or kind == SOFT
end

return library
