--- torch.DiskFile and torch.PipeFile: files and commands, through C's buffered streams, so that numbers go straight
-- between the stream and the memory of storages.
local ffi = require 'ffi'
local class = require 'torch.class'
local errors = require 'torch.errors'
local guard = require 'torch.guard'
local libc = require 'torch.libc'
require 'torch.file'

local C = libc.C
local SEEK_SET, SEEK_CUR, SEEK_END = 0, 1, 2
local module = {}

local DiskFile, PipeFile -- classes, below

-- -- Opening ----------------------------------------------------------------------------------------------------

local function open_stream(name, mode)
  if mode == 'r' then return C.mt_c_open(name, 'rb') end
  if mode == 'w' then return C.mt_c_open(name, 'wb') end
  local stream = C.mt_c_open(name, 'r+b')
  if stream == nil and libc.kind(name) == nil then stream = C.mt_c_open(name, 'w+b') end
  return stream
end

-- A file without end (a pipe, a device) has no size.
local function measure(self)
  if self._pipe or libc.kind(self._name) ~= 'file' then return nil end
  local place = C.mt_c_tell(self._stream)
  if C.mt_c_seek(self._stream, 0, SEEK_END) ~= 0 then return nil end
  local size = tonumber(C.mt_c_tell(self._stream))
  C.mt_c_seek(self._stream, place, SEEK_SET)
  return size
end

local function check_name(what, name)
  if type(name) ~= 'string' or name:find('%z') then
    errors.fail('%s: expected the name as a string, got %s', what, class.type(name))
  end
end

local words = {r = 'reading', w = 'writing', rw = 'reading and writing'}

--- torch.DiskFile(name[, mode[, quiet]]): mode 'r' (the default), 'w' (made anew) or 'rw' (kept, made where missing).
-- A quiet file gives nil when it cannot be opened.
--   local file = torch.DiskFile('numbers.txt', 'w')
--   file:writeDouble(0.5)
--   file:close()
local function new_disk_file(name, mode, quiet)
  local self = class.setmetatable({}, 'torch.DiskFile'):_start(mode, quiet)
  check_name('DiskFile', name)
  mode = mode or 'r'
  local stream = open_stream(name, mode)
  if stream == nil then
    if quiet then return nil end
    errors.fail('DiskFile: cannot open %s for %s: %s', name, words[mode], libc.reason())
  end
  self._name, self._stream = name, ffi.gc(stream, C.mt_c_close)
  self._size = measure(self)
  return self
end

--- torch.PipeFile(command[, mode[, quiet]]): reads what a shell command prints ('r'), or writes what it reads ('w').
--   torch.PipeFile('ls'):readString('*a')
local function new_pipe_file(command, mode, quiet)
  local self = class.setmetatable({}, 'torch.PipeFile'):_start(mode, quiet)
  check_name('PipeFile', command)
  mode = mode or 'r'
  if mode == 'rw' then errors.fail("PipeFile: expected the mode 'r' or 'w', got 'rw'") end
  io.stdout:flush()
  local stream = C.mt_c_popen(command, mode)
  if stream == nil then
    if quiet then return nil end
    errors.fail('PipeFile: cannot run %s: %s', command, libc.reason())
  end
  self._name, self._pipe, self._stream = command, true, ffi.gc(stream, C.mt_c_pclose)
  return self
end

DiskFile = class.newmetatable('torch.DiskFile', 'torch.File', new_disk_file, nil, nil, module)
PipeFile = class.newmetatable('torch.PipeFile', 'torch.DiskFile', new_pipe_file, nil, nil, module)

-- -- What torch.File asks of a kind -----------------------------------------------------------------------------

-- C wants a seek between reading and writing the same stream.
local function turn(self, writing)
  if self._writing == writing then return end
  if self._writing ~= nil then C.mt_c_seek(self._stream, 0, SEEK_CUR) end
  self._writing = writing
end

function DiskFile:_fetch(data, n)
  turn(self, false)
  return tonumber(C.mt_c_read(data, 1, n, self._stream))
end

function DiskFile:_store(data, n)
  turn(self, true)
  return tonumber(C.mt_c_write(data, 1, n, self._stream))
end

function DiskFile:_getc()
  turn(self, false)
  return C.mt_c_getc(self._stream)
end

function DiskFile:_ungetc(c) C.mt_c_ungetc(c, self._stream) end
function DiskFile:_tell() return math.max(tonumber(C.mt_c_tell(self._stream)), 0) end
function DiskFile:_seek(place) return C.mt_c_seek(self._stream, place, SEEK_SET) == 0 end
function DiskFile:_end() return C.mt_c_seek(self._stream, 0, SEEK_END) == 0 end
function DiskFile:_flush() return C.mt_c_flush(self._stream) == 0 end

function DiskFile:_left()
  if not self._size then return nil end
  if self._writable then self._size = measure(self) end
  return self._size - self:_tell()
end

function DiskFile:_close()
  local stream = ffi.gc(self._stream, nil)
  self._stream = nil
  if self._pipe then return C.mt_c_pclose(stream) ~= -1 end
  return C.mt_c_close(stream) == 0
end

function DiskFile:_reason()
  if self._stream and C.mt_c_error(self._stream) == 0 then return 'the end of the file' end
  local reason = libc.reason()
  if self._stream then C.mt_c_clear(self._stream) end
  return reason
end

function PipeFile:_seek() return false end
function PipeFile:_end() return false end

-- -- Methods of their own ---------------------------------------------------------------------------------------

--- Every write goes to the system at once.
function DiskFile:noBuffer()
  self:_check()
  local unbuffered = ffi.os == 'Windows' and 4 or 2
  C.mt_c_setvbuf(self._stream, nil, unbuffered, 0)
  return self
end

--- Writes everything to the disk itself and closes; gives true, or nil and what went wrong. mode: permission bits.
function DiskFile:_commit(mode)
  local descriptor = C.mt_c_fileno(self._stream)
  local done = C.mt_c_flush(self._stream) == 0 and C.mt_c_sync(descriptor) == 0 and
               (not mode or C.mt_c_chmod(descriptor, mode) == 0)
  local reason = not done and libc.reason()
  self._open = false
  if not self:_close() then reason = reason or libc.reason() end
  return not reason, reason
end

function DiskFile:__tostring__() return self:_describe(self._name) end

guard.methods(DiskFile, 'a torch.DiskFile', '_commit')

return module
