--- The calls to the system that file names need, under names of our own, so that they do not clash with what another
-- package tells the FFI about the same functions.
local ffi = require 'ffi'

ffi.cdef [[
typedef struct paths_folder paths_folder;
paths_folder *paths_opendir(const char *path) __asm__("opendir");
void *paths_readdir(paths_folder *folder) __asm__("readdir");
int paths_closedir(paths_folder *folder) __asm__("closedir");
int paths_mkdir(const char *path, unsigned mode) __asm__("mkdir");
int paths_rmdir(const char *path) __asm__("rmdir");
int paths_unlink(const char *path) __asm__("unlink");
int paths_access(const char *path, int mode) __asm__("access");
ssize_t paths_readlink(const char *path, char *target, size_t room) __asm__("readlink");
char *paths_getcwd(char *buffer, size_t room) __asm__("getcwd");
char *paths_tempnam(const char *folder, const char *prefix) __asm__("tempnam");
void paths_free(void *p) __asm__("free");
int paths_uname(char *fields) __asm__("uname");
char *paths_strerror(int code) __asm__("strerror");
int paths_statx(int folder, const char *path, int flags, unsigned mask, void *buffer) __asm__("statx");
]]

local C = ffi.C
local fs = {C = C}

--- What the last failed call says, and its number: "No such file or directory", 2.
function fs.reason()
  local code = ffi.errno()
  return ffi.string(C.paths_strerror(code)), code
end

--- The string that an argument of a function of paths is; numbers are taken too, as everywhere in Lua. An error is
-- raised at the line that called the function.
function fs.check_name(what, value)
  if type(value) == 'number' then return tostring(value) end
  if type(value) ~= 'string' then
    error(('%s: expected a file name, got a %s'):format(what, type(value)), 3)
  end
  if value:find('%z') then error(what .. ': the file name has a zero byte in it', 3) end
  return value
end

local type_mask, regular, folder = 0xf000, 0x8000, 0x4000
local no_follow = 0x100 -- AT_SYMLINK_NOFOLLOW

-- statx is Linux's; the layout of stat is another on each system and processor.
local function kind_elsewhere(path, keep_links)
  if keep_links and C.paths_readlink(path, ffi.new('char[1]'), 1) >= 0 then return 'other' end
  local opened = C.paths_opendir(path)
  if opened ~= nil then
    C.paths_closedir(opened)
    return 'folder'
  end
  if C.paths_access(path, 0) ~= 0 then return nil end
  return path:match('^/dev/') and 'other' or 'file'
end

--- What lies at a path: 'file' and its permission bits, 'folder', 'other' (a device, a pipe, a link that is not to be
-- followed), or nil for nothing. keep_links: a link is not what it points to.
function fs.kind(path, keep_links)
  if ffi.os ~= 'Linux' then return kind_elsewhere(path, keep_links) end
  local buffer = ffi.new('uint16_t[128]')
  if C.paths_statx(-100, path, keep_links and no_follow or 0, 3, buffer) ~= 0 then return nil end
  local mode = buffer[14] -- stx_mode, at byte 28
  local kind = bit.band(mode, type_mask)
  if kind == folder then return 'folder' end
  if kind ~= regular then return 'other' end
  return 'file', bit.band(mode, 0xfff)
end

local name_at = ffi.os == 'OSX' and 21 or 19 -- d_name in struct dirent of 64-bit systems

--- The names in a folder, sorted, with . and ..; nil when it cannot be read.
function fs.names(path)
  local opened = C.paths_opendir(path)
  if opened == nil then return nil end
  local list = {}
  while true do
    local entry = C.paths_readdir(opened)
    if entry == nil then break end
    list[#list + 1] = ffi.string(ffi.cast('char *', entry) + name_at)
  end
  C.paths_closedir(opened)
  table.sort(list)
  return list
end

--- Calls fill(buffer, size) with growing buffers until what it gives fits; a string, or nil when it fails.
local function grown(fill)
  local size = 256
  while size <= 2 ^ 20 do
    local buffer = ffi.new('char[?]', size)
    local length = fill(buffer, size)
    if not length then return nil end
    if length < size then return ffi.string(buffer, length) end
    size = 2 * size
  end
end

--- The current folder; nil when it has gone.
function fs.current()
  return grown(function(buffer, size)
    if C.paths_getcwd(buffer, size) ~= nil then return #ffi.string(buffer) end
    local too_long = 34 -- ERANGE
    return ffi.errno() == too_long and size or nil
  end)
end

--- What a symbolic link points to; nil for anything else.
function fs.target(path)
  return grown(function(buffer, size)
    local length = tonumber(C.paths_readlink(path, buffer, size))
    return length >= 0 and length or nil
  end)
end

--- Makes a folder; gives whether it could.
function fs.make_folder(path) return C.paths_mkdir(path, 0x1ff) == 0 end

return fs
