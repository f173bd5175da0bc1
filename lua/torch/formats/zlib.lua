--- zlib: packing and unpacking in pieces, and check sums.
local ffi = require 'ffi'
local mt = require 'torch.ffi'
local elements = require 'torch.formats.elements'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local optional = require 'torch.optional'

ffi.cdef [[
typedef struct mt_z_stream {
  const uint8_t *next_in; unsigned avail_in; unsigned long total_in;
  uint8_t *next_out; unsigned avail_out; unsigned long total_out;
  const char *msg; void *state; void *zalloc, *zfree, *opaque;
  int data_type; unsigned long adler, reserved;
} mt_z_stream;
int mt_z_inflate_init(mt_z_stream *z, int bits, const char *version, int size) __asm__("inflateInit2_");
int mt_z_inflate(mt_z_stream *z, int flush) __asm__("inflate");
int mt_z_inflate_end(mt_z_stream *z) __asm__("inflateEnd");
int mt_z_deflate_init(mt_z_stream *z, int level, int method, int bits, int memory, int strategy, const char *version,
                      int size) __asm__("deflateInit2_");
int mt_z_deflate(mt_z_stream *z, int flush) __asm__("deflate");
int mt_z_deflate_end(mt_z_stream *z) __asm__("deflateEnd");
unsigned long mt_z_deflate_bound(mt_z_stream *z, unsigned long size) __asm__("deflateBound");
unsigned long mt_z_crc32(unsigned long crc, const void *data, unsigned n) __asm__("crc32");
]]

local zlib = {}

--- zlib never makes more than this many bytes of one.
zlib.most_inflation = 1032

local OK, STREAM_END, BUFFER_ERROR, FINISH, DEFLATED = 0, 1, -5, 4, 8
local bare, most_memory = -15, 8 -- no header or check sum around the packed bytes; the usual memory level
local largest = 2 ^ 30          -- bytes for one call, which counts in 32 bits

local library

local function load(what)
  library = library or optional(what, {'libz.so.1', 'z'}, 'zlib1g')
  return library
end

-- -- Check sums -------------------------------------------------------------------------------------------------

--- The check sum of n bytes after bytes of the check sum crc (0 to begin with).
function zlib.crc32(what, crc, data, n)
  local C = load(what)
  data = ffi.cast('const char *', data)
  while n > 0 do
    local count = math.min(n, largest)
    crc = tonumber(C.mt_z_crc32(crc, data, count))
    data, n = data + count, n - count
  end
  return crc
end

-- -- Unpacking --------------------------------------------------------------------------------------------------

local room = 65536

--- Unpacks bytes that pull(pointer, n) gives up to n of. Gives a function of the same kind for the unpacked bytes,
-- which gives 0 at their end, and nil and the reason where the packed bytes are damaged or end early.
function zlib.inflater(what, pull)
  local C = load(what)
  local z = ffi.gc(ffi.new('mt_z_stream'), C.mt_z_inflate_end)
  if C.mt_z_inflate_init(z, bare, '1', ffi.sizeof(z)) ~= OK then errors.fail('%s: not enough memory', what) end
  local input, ended = ffi.new('uint8_t[?]', room), false

  return function(pointer, n)
    z.next_out = ffi.cast('uint8_t *', pointer)
    z.avail_out = math.min(n, largest)
    local wanted = z.avail_out
    while z.avail_out > 0 and not ended do
      if z.avail_in == 0 then z.next_in, z.avail_in = input, pull(input, room) end
      if z.avail_in == 0 then return nil, 'the packed bytes end early' end
      local status = C.mt_z_inflate(z, 0)
      ended = status == STREAM_END
      if status ~= OK and status ~= STREAM_END and status ~= BUFFER_ERROR then
        return nil, z.msg ~= nil and ffi.string(z.msg) or 'the packed bytes are damaged'
      end
    end
    return wanted - z.avail_out
  end
end

-- -- Packing ----------------------------------------------------------------------------------------------------

-- Packs one piece, the last with all that is left; buffer has room for everything.
local function pack(C, z, data, n, buffer, size, last)
  data = ffi.cast('const uint8_t *', data)
  repeat
    local count, produced = math.min(n, largest), tonumber(z.total_out)
    z.next_in, z.avail_in = data, count
    z.next_out, z.avail_out = buffer + produced, math.min(size - produced, largest)
    local status = C.mt_z_deflate(z, last and n == count and FINISH or 0)
    data, n = data + count - z.avail_in, n - count + z.avail_in
  until n == 0 and (not last or status == STREAM_END)
end

--- Packs pieces, a list of {pointer, n}; gives a byte storage and how many bytes of it the packed ones fill.
function zlib.deflate(what, pieces)
  local C = load(what)
  local z = ffi.gc(ffi.new('mt_z_stream'), C.mt_z_deflate_end)
  if C.mt_z_deflate_init(z, -1, DEFLATED, bare, most_memory, 0, '1', ffi.sizeof(z)) ~= OK then
    errors.fail('%s: not enough memory', what)
  end
  local total = 0
  for _, piece in ipairs(pieces) do total = total + piece[2] end
  local size = tonumber(C.mt_z_deflate_bound(z, total))
  local out = elements.new_storage(mt.MT_UINT8, size)
  local buffer = ffi.cast('uint8_t *', handle.block(out).data)
  for i, piece in ipairs(pieces) do pack(C, z, piece[1], piece[2], buffer, size, i == #pieces) end
  return out, tonumber(z.total_out)
end

return zlib
