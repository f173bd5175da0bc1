--- A stream goes through bytes from the first to the last: through a part of a source, or through what is packed there.
-- Its field left says how many are ahead, as far as the file claims; packed says that this is only a claim.
local ffi = require 'ffi'

local stream = {}
local Stream = {}
Stream.__index = Stream

local room = 65536

--- A stream of size bytes that pull(pointer, n) gives up to n of; it may give nil and a reason instead.
-- source: names the file in messages. name: of a part of it, or nil. packed: whether pull unpacks the file's bytes.
function stream.new(source, name, size, pull, packed)
  return setmetatable({source = source, name = name, size = size, left = size, pull = pull, packed = packed,
                       buffer = nil, first = 0, past = 0}, Stream)
end

--- A function for stream.new that gives the size bytes of a source from a place on.
function stream.puller(source, at, size)
  local past = at + size
  return function(pointer, n)
    n = math.min(n, past - at)
    if n > 0 then source:read(at, n, pointer) end
    at = at + n
    return n
  end
end

--- A stream of the size bytes of a source from a place on.
function stream.of(source, name, at, size)
  return stream.new(source, name, size, stream.puller(source, at, size), false)
end

--- Raises an error that names the file and the part of it.
function Stream:fail(format, ...)
  if self.name then return self.source:fail('%s: ' .. format, self.name, ...) end
  return self.source:fail(format, ...)
end

--- The place of the next byte, from 0.
function Stream:at() return self.size - self.left end

-- Pulls n bytes, neither more nor fewer.
local function pull(self, pointer, n)
  pointer = ffi.cast('char *', pointer)
  while n > 0 do
    local count, reason = self.pull(pointer, n)
    if not count or count == 0 then self:fail('%s', reason or 'the packed bytes are fewer than announced') end
    pointer, n = pointer + count, n - count
  end
end

local function short(self, n, what)
  self:fail('ends early: expected %.0f bytes of %s at byte %.0f, got %.0f', n, what, self:at(), self.left)
end

-- Bytes that wait in the buffer go first.
local function drain(self, pointer, n)
  local count = math.min(n, self.past - self.first)
  if count == 0 then return 0 end
  ffi.copy(pointer, self.buffer + self.first, count)
  self.first = self.first + count
  return count
end

--- Reads n bytes to a pointer. what: their name in the message where there are fewer.
function Stream:read(pointer, n, what)
  if n > self.left then short(self, n, what) end
  local count = drain(self, pointer, n)
  pull(self, ffi.cast('char *', pointer) + count, n - count)
  self.left = self.left - n
end

--- The next byte.
function Stream:byte(what)
  if self.first == self.past then
    local n = math.min(room, self.left)
    if n == 0 then short(self, 1, what) end
    self.buffer = self.buffer or ffi.new('uint8_t[?]', n)
    pull(self, self.buffer, n)
    self.first, self.past = 0, n
  end
  local value = self.buffer[self.first]
  self.first, self.left = self.first + 1, self.left - 1
  return value
end

--- The next n bytes as a string.
function Stream:string(n, what)
  if n > self.left then short(self, n, what) end
  if n <= self.past - self.first then
    local text = ffi.string(self.buffer + self.first, n)
    self.first, self.left = self.first + n, self.left - n
    return text
  end
  local bytes = ffi.new('uint8_t[?]', n)
  self:read(bytes, n, what)
  return ffi.string(bytes, n)
end

--- A number of width bytes, little-endian; above 2^53 it is rounded.
function Stream:number(width, what)
  local value, scale = 0, 1
  for _ = 1, width do
    value, scale = value + self:byte(what) * scale, scale * 256
  end
  return value
end

return stream
