--- Event files, as TensorBoard reads them: optim.Events(folder[, from]) and events:add(name, value, step).
-- The file is a sequence of records: length (8 bytes), its checksum, an Event message, its checksum. The message is a
-- protocol buffer: wall_time = 1 (double), step = 2, file_version = 3 or summary = 5 with value = 1 {tag = 1,
-- simple_value = 2 (float)}. Checksums are CRC-32C, turned and raised. Source: TensorFlow's record_writer and
-- event.proto.
local bit = require 'bit'
local ffi = require 'ffi'
local torch = require 'torch'
local errors = require 'torch.errors'
local libc = require 'torch.libc'

local Events = torch.class('optim.Events')

-- -- Bytes ------------------------------------------------------------------------------------------------------

local crc_table = ffi.new('uint32_t[256]')
for i = 0, 255 do
  local c = i
  for _ = 1, 8 do c = bit.bxor(bit.rshift(c, 1), bit.band(c, 1) == 1 and 0x82f63b78 or 0) end
  crc_table[i] = c
end

local function crc32c(text)
  local c = -1
  for i = 1, #text do
    c = bit.bxor(crc_table[bit.band(bit.bxor(c, text:byte(i)), 255)], bit.rshift(c, 8))
  end
  return bit.bnot(c)
end

local function bytes_of(type_name, value)
  return ffi.string(ffi.new(type_name .. '[1]', value), ffi.sizeof(type_name))
end

local function masked(text)
  local c = crc32c(text)
  return bytes_of('int32_t', bit.tobit(bit.ror(c, 15) + 0xa282ead8))
end

local function varint(n)
  local out = {}
  while n >= 128 do
    out[#out + 1] = string.char(n % 128 + 128)
    n = math.floor(n / 128)
  end
  out[#out + 1] = string.char(n)
  return table.concat(out)
end

local function text_field(number, text) return string.char(number * 8 + 2) .. varint(#text) .. text end

local function event(time, step, content)
  return '\9' .. bytes_of('double', time) .. '\16' .. varint(step) .. content
end

local function write(self, message)
  local length = bytes_of('uint64_t', #message)
  local ok, reason = self.file:write(length, masked(length), message, masked(message))
  ok = ok and self.file:flush()
  if not ok then errors.fail('Events: cannot write to %s: %s', self.path, reason or 'no space left') end
end

-- -- The file ---------------------------------------------------------------------------------------------------

local count = 0

function Events:__init(folder)
  libc.make_folder(folder)
  count = count + 1
  self.path = ('%s/events.out.tfevents.%d.moontorch.%d.%d'):format(folder, os.time(), libc.C.mt_c_getpid(), count)
  local reason
  self.file, reason = io.open(self.path, 'wb')
  if not self.file then errors.fail('Events: cannot write %s', reason) end
  write(self, event(os.time(), 0, text_field(3, 'brain.Event:2')))
end

--- A value at a step, a whole number from 0.
function Events:add(name, value, step)
  local entry = text_field(1, name) .. '\21' .. bytes_of('float', value)
  write(self, event(os.time(), step, text_field(5, text_field(1, entry))))
end

function Events:close() self.file:close() end

return Events
