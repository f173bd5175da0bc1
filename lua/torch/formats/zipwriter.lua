--- Writing zip archives. Source: PKWARE's APPNOTE.TXT.
local ffi = require 'ffi'
local errors = require 'torch.errors'
local handle = require 'torch.handle'
local zlib = require 'torch.formats.zlib'

local Writer = {}
Writer.__index = Writer

local STORED, DEFLATED = 0, 8
local unknown = 0xffffffff -- stands where the size is among the extra fields
local version, version64 = 20, 45
local date = 33            -- the first of January 1980, so that equal contents make equal files
local text_utf8 = 0x800

-- Numbers of width bytes each, little-endian: pack(2, 33, 4, 7)
local function pack(...)
  local out = {}
  for i = 1, select('#', ...), 2 do
    local width, value = select(i, ...)
    for _ = 1, width do
      out[#out + 1] = string.char(value % 256)
      value = math.floor(value / 256)
    end
  end
  return table.concat(out)
end

--- A writer of an archive into a torch.DiskFile. what: begins the messages of errors. deflate: whether to pack.
-- widest: sizes and places from here on are written with 64 bits; only tests give another one than the default.
local function new(what, file, deflate, widest)
  return setmetatable({what = what, file = file:binary(), deflate = deflate, widest = widest or unknown, entries = {},
                       at = 0}, Writer)
end

-- A size or place as it stands in 32 bits.
local function narrow(self, value) return value >= self.widest and unknown or value end

local function put(self, text)
  self.file:writeString(text)
  self.at = self.at + #text
end

-- Both headers of an entry have these fields, from the version to the length of the extra ones.
local function common(entry, packed, size, extra)
  return pack(2, #extra > 0 and version64 or version, 2, text_utf8, 2, entry.method, 2, 0, 2, date, 4, entry.crc,
              4, packed, 4, size, 2, #entry.name, 2, #extra)
end

-- Here both sizes are wide, or neither.
local function local_header(self, entry)
  if math.max(entry.size, entry.packed) < self.widest then return common(entry, entry.packed, entry.size, '') end
  local extra = pack(2, 1, 2, 16, 8, entry.size, 8, entry.packed)
  return common(entry, unknown, unknown, extra), extra
end

local function directory_extra(self, entry)
  local fields = {}
  for _, name in ipairs {'size', 'packed', 'at'} do
    if entry[name] >= self.widest then fields[#fields + 1] = pack(8, entry[name]) end
  end
  local text = table.concat(fields)
  return #text == 0 and '' or pack(2, 1, 2, #text) .. text
end

--- Adds an entry whose bytes are those of pieces, a list of {pointer, n}.
function Writer:add(name, pieces)
  if #name > 65535 then errors.fail('%s: the name %q… is too long', self.what, name:sub(1, 40)) end
  local entry = {name = name, at = self.at, size = 0, crc = 0, method = self.deflate and DEFLATED or STORED}
  for _, piece in ipairs(pieces) do
    entry.crc, entry.size = zlib.crc32(self.what, entry.crc, piece[1], piece[2]), entry.size + piece[2]
  end
  entry.packed = entry.size
  local packed
  if self.deflate then
    packed, entry.packed = zlib.deflate(self.what, pieces)
    pieces = {{ffi.cast('const char *', handle.block(packed).data), entry.packed}}
  end
  local header, extra = local_header(self, entry)
  put(self, 'PK\3\4' .. header .. name .. (extra or ''))
  for _, piece in ipairs(pieces) do self.file:_write_bytes(piece[1], piece[2]) end
  self.at = self.at + entry.packed
  self.entries[#self.entries + 1] = entry
  return packed -- not collected before it was written
end

local function write_directory(self)
  local start = self.at
  for _, entry in ipairs(self.entries) do
    local extra = directory_extra(self, entry)
    put(self, 'PK\1\2' .. pack(2, version64) ..
              common(entry, narrow(self, entry.packed), narrow(self, entry.size), extra) ..
              pack(2, 0, 2, 0, 2, 0, 4, 0, 4, narrow(self, entry.at)) .. entry.name .. extra)
  end
  return start, self.at - start
end

--- Ends the archive.
function Writer:finish()
  local start, size = write_directory(self)
  local count, at = #self.entries, self.at
  if count >= 0xffff or math.max(start, size) >= self.widest then
    put(self, 'PK\6\6' .. pack(8, 44, 2, version64, 2, version64, 4, 0, 4, 0, 8, count, 8, count, 8, size, 8, start))
    put(self, 'PK\6\7' .. pack(4, 0, 8, at, 4, 1))
  end
  count = math.min(count, 0xffff)
  put(self, 'PK\5\6' .. pack(2, 0, 2, 0, 2, count, 2, count, 4, narrow(self, size), 4, narrow(self, start), 2, 0))
end

return new
