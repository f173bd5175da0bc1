--- Writing a file whole or not at all: when the disk is full, or an error stops it, the file that was there before is
-- untouched.
local ffi = require 'ffi'
local errors = require 'torch.errors'
local libc = require 'torch.libc'
local DiskFile = require('torch.diskfile').DiskFile

-- Where a file really lies: a link is followed, so that it stays one.
local function real_path(path)
  local resolved = libc.C.mt_c_realpath(path, nil)
  if resolved == nil then return path end
  local out = ffi.string(resolved)
  libc.C.mt_c_free(resolved)
  return out
end

-- Devices and pipes cannot be replaced: they are written to as they are.
local function write_directly(what, path, fill)
  local file = DiskFile(path, 'w')
  local ok, message = pcall(fill, file)
  file:quiet():close()
  if file:hasError() then errors.fail('%s: cannot write %s: %s', what, path, file._failure) end
  if not ok then error(message, 0) end
end

local count = 0

local function beside(path)
  count = count + 1
  return ('%s.%d-%d.tmp'):format(path, libc.C.mt_c_getpid(), count)
end

-- Written beside the target, brought to the disk and renamed over it.
local function write_beside(what, path, permissions, fill)
  local temporary = beside(path)
  if libc.kind(temporary) then libc.C.mt_c_remove(temporary) end -- of a process that was killed
  local file = DiskFile(temporary, 'w', true)
  if not file then errors.fail('%s: cannot write %s: %s', what, path, libc.reason()) end
  local ok, message = pcall(fill, file)
  local written, reason = file:_commit(permissions)
  if ok and written and libc.C.mt_c_rename(temporary, path) == 0 then return end
  if ok and written then reason = libc.reason() end
  libc.C.mt_c_remove(temporary)
  if ok or file:hasError() then errors.fail('%s: cannot write %s: %s', what, path, file._failure or reason) end
  error(message, 0)
end

--- Writes the file at a path: fill(file) is called with a torch.DiskFile that writes to where the new contents wait.
-- what: begins the messages of errors, the name of the function that the user called.
return function(what, path, fill)
  if type(path) ~= 'string' then errors.fail('%s: expected a file name, got a %s', what, type(path)) end
  path = real_path(path)
  local kind, permissions = libc.kind(path)
  if kind and kind ~= 'file' then return write_directly(what, path, fill) end
  write_beside(what, path, permissions, fill)
end
