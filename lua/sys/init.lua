--- sys: clocks, commands, colours. require 'sys' also sets the global sys.
local ffi = require 'ffi'
local errors = require 'torch.errors'
local libc = require 'torch.libc'
local paths = require 'paths'

errors.package()

local sys = {COLORS = require 'sys.colors', dirname = paths.dirname, concat = paths.concat}

local function expect(what, value, kind)
  if type(value) ~= kind then errors.fail('%s: expected a %s, got a %s', what, kind, type(value)) end
  return value
end

-- -- Time -------------------------------------------------------------------------------------------------------

local spec = ffi.new('long[2]') -- seconds, nanoseconds

--- sys.clock(): seconds since 1970, of the system's clock
function sys.clock()
  local real_time = 0
  libc.C.mt_c_clock(real_time, spec)
  return tonumber(spec[0]) + tonumber(spec[1]) * 1e-9
end

local start

--- sys.tic(): starts the clock that sys.toc reads
function sys.tic() start = sys.clock() end

--- sys.toc([verbose]): seconds since the last tic; printed too when verbose is true
function sys.toc(verbose)
  if not start then errors.fail('toc: there was no tic before') end
  local seconds = sys.clock() - start
  if verbose then print(seconds) end
  return seconds
end

--- sys.sleep(seconds): does nothing for a while; Ctrl-C ends it
function sys.sleep(seconds)
  expect('sleep', seconds, 'number')
  if seconds <= 0 or seconds ~= seconds then return end
  local whole = math.min(math.floor(seconds), 2 ^ 31)
  local wait = ffi.new('long[2]', whole, math.min(seconds - whole, 0.999999999) * 1e9)
  libc.C.mt_c_sleep(wait, nil)
end

--- sys.usleep([microseconds]): the same in millionths, 1 by default
function sys.usleep(microseconds) sys.sleep((tonumber(microseconds) or 1) * 1e-6) end

-- -- Commands ---------------------------------------------------------------------------------------------------

local function trim(text) return text:match('^%s*(.-)%s*$') end

--- sys.execute(command): runs a shell command; gives what it wrote, errors included, without the spaces around it
--   print(sys.execute('hostname'))
function sys.execute(command)
  io.stdout:flush()
  local pipe = assert(io.popen(('{ %s\n} 2>&1'):format(expect('execute', command, 'string'))))
  local text = pipe:read('*a')
  pipe:close()
  return trim(text)
end

--- sys.fexecute(command[, what]): the same through a temporary file, of which what ('*a', '*l') is read
function sys.fexecute(command, what)
  local path = os.tmpname()
  os.execute(('{ %s\n} >%s 2>&1'):format(expect('fexecute', command, 'string'), path))
  local file = assert(io.open(path))
  local text = file:read(what or '*a')
  file:close()
  os.remove(path)
  return text and trim(text)
end

local function lister(command)
  return function(words) return sys.execute(command .. ' ' .. (words or '')) end
end

--- sys.ls([words]): what the command ls writes; words: its folder and options, as the shell reads them
sys.ls = lister('ls')
--- sys.ll([words]): ls -l
sys.ll = lister('ls -l')
--- sys.la([words]): ls -a
sys.la = lister('ls -a')
--- sys.lla([words]): ls -la
sys.lla = lister('ls -la')

-- -- The machine and the program --------------------------------------------------------------------------------

local systems = {Linux = 'linux', OSX = 'macos', Windows = 'windows'}

--- sys.uname(): 'linux', 'macos', 'windows' or '?'; sys.OS is the same
function sys.uname() return systems[ffi.os] or '?' end
sys.OS = sys.uname()

-- PREFIX when the interpreter is PREFIX/bin/luajit, else its folder; '' when it is no Lua of that name.
local function find_prefix()
  for i, word in pairs(rawget(_G, 'arg') or {}) do
    local name = type(i) == 'number' and i <= 0 and type(word) == 'string' and paths.basename(word)
    if name == 'luajit' or name == 'lua' or name == 'th' then
      local folder = paths.dirname(word)
      return paths.basename(folder) == 'bin' and paths.dirname(folder) or folder
    end
  end
  return ''
end
sys.prefix = find_prefix()

--- sys.fpath(): the folder and the name of the calling file
function sys.fpath()
  local path = paths.thisfile(nil, 3)
  if not path then return nil end
  return paths.dirname(path), paths.basename(path)
end

-- -- Values -----------------------------------------------------------------------------------------------------

--- sys.split(text, pattern): the parts of text between what the pattern finds
--   sys.split('a, b,c', ',%s*')   -- {'a', 'b', 'c'}
function sys.split(text, pattern)
  expect('split', text, 'string')
  expect('split', pattern, 'string')
  local parts, place = {}, 1
  while place <= #text do
    local first, last = text:find(pattern, place)
    if not first or last < first then break end -- a pattern that finds nothing of any length separates nothing
    if first > 1 then parts[#parts + 1] = text:sub(place, first - 1) end
    place = last + 1
  end
  if place <= #text then parts[#parts + 1] = text:sub(place) end
  return parts
end

--- sys.isNaN(x): whether x is NaN, the one number that differs from itself
function sys.isNaN(x) return x ~= x end

package.loaded.sys = sys
rawset(_G, 'sys', sys)
return sys
