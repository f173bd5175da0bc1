--- The IDX format of MNIST and its kin, plain or gzipped: two zero bytes, a type, the number of dimensions, their sizes
-- as big-endian 32-bit numbers, the elements. Source: yann.lecun.com/exdb/mnist, "the IDX file format".
local ffi = require 'ffi'
local torch = require 'torch'
local elements = require 'torch.formats.elements'
local errors = require 'torch.errors'
local swap = require('torch.bytes').swap

local fail = errors.fail

ffi.cdef [[
typedef struct mt_gz_file mt_gz_file;
mt_gz_file *mt_gz_open(const char *path, const char *mode) __asm__("gzopen64");
int mt_gz_read(mt_gz_file *f, void *data, unsigned bytes) __asm__("gzread");
int mt_gz_close(mt_gz_file *f) __asm__("gzclose");
]]

local zlib   -- loaded with the first file

-- The types we can hold; element sizes are tensor.elementSize's.
local types = {
  [0x08] = 'ByteTensor', [0x09] = 'CharTensor', [0x0B] = 'ShortTensor', [0x0C] = 'IntTensor', [0x0D] = 'FloatTensor',
  [0x0E] = 'DoubleTensor',
}

-- zlib never makes more of a byte than this.
local most_inflation = 1032

local function size_on_disk(path)
  local file, reason = io.open(path, 'rb')
  if not file then fail('idx: %s', reason) end
  local size = file:seek('end')
  file:close()
  if not size or size > 2 ^ 52 then fail('idx: %s is not a regular file', path) end
  return size
end

-- Reads count bytes to an address; says what was missing otherwise.
local function read(file, path, what, address, count)
  local got = 0
  while got < count do
    local n = zlib.mt_gz_read(file, ffi.cast('char *', address) + got, math.min(count - got, 2 ^ 30))
    if n < 0 then fail('idx: %s is damaged: its %s cannot be unpacked', path, what) end
    if n == 0 then fail('idx: %s ends early: expected %d bytes of %s, got %d', path, count, what, got) end
    got = got + n
  end
end

local header = ffi.new('uint8_t[64]')

local function number_at(i)
  return ((header[i] * 256 + header[i + 1]) * 256 + header[i + 2]) * 256 + header[i + 3]
end

local function read_tensor(file, path, room)
  read(file, path, 'its header', header, 4)
  local type, dim = types[header[2]], header[3]
  if header[0] ~= 0 or header[1] ~= 0 or not type then
    fail('idx: %s is no IDX file: it begins with the bytes %02x %02x %02x', path, header[0], header[1], header[2])
  end
  if dim < 1 or dim > 8 then fail('idx: %s has %d dimensions, expected 1 to 8', path, dim) end
  read(file, path, 'its sizes', header, 4 * dim)
  local sizes = {}
  for i = 1, dim do sizes[i] = number_at(4 * (i - 1)) end
  local count = (elements.count(sizes) or math.huge) * torch[type]():elementSize()
  if count > room then
    fail('idx: %s announces %s elements, more than a file of its size can hold', path, table.concat(sizes, 'x'))
  end
  local t = torch[type](unpack(sizes))
  if count > 0 then read(file, path, 'elements', t:data(), count) end
  if t:elementSize() > 1 then swap(t:data(), t:elementSize(), t:nElement()) end
  return t
end

--- The tensor in an IDX file, of the file's sizes and type. Errors name the file and what was wrong with it.
--   local images = require('dataset.idx')('train-images-idx3-ubyte.gz')   -- ByteTensor 60000x28x28
return function(path)
  local room = size_on_disk(path) * most_inflation
  zlib = zlib or ffi.load('libz.so.1')
  local file = zlib.mt_gz_open(path, 'rb')
  if file == nil then fail('idx: %s cannot be opened', path) end
  local ok, result = pcall(read_tensor, file, path, room)
  zlib.mt_gz_close(file)
  if not ok then error(result, 0) end
  return result
end
