-- trepl: the Lua half of th, the interpreter with a prompt (the other half is bin/th.c).
local errors = require 'trepl.errors'
local pretty = require 'trepl.pretty'
require 'trepl.relative'

local trepl = {}

local usage = [=[
usage: th [options] [FILE [arguments]]
  -e CODE   run CODE
  -l PKG    require PKG
  -i        go to the prompt afterwards
  -v        print the version
  -h        print this
  -         read the script from standard input
Options run in the order given, then FILE. Without -e, -v and FILE the prompt opens, or standard input is run when it
is no terminal. Global `torch` is there from the start. Ctrl-C stops what runs at its next op or interpreted line; a
compiled loop of plain Lua, without any op, is ended by a second Ctrl-C, together with th.
Variables: TREPL_HISTORY (default ~/.luahistory), NO_COLOR, TH_TRACEBACK=full shows the packages' own frames.
]=]

local interrupted_status = 130

-- Splits the command's words into steps ({kind, value} in order), flags and the place of the script among the words.
-- nil, message when they make no sense.
local function parse(words)
  local steps, flags, i = {}, {}, 1
  while words[i] and words[i]:match('^%-.') do
    local word = words[i]
    i = i + 1
    if word == '--' then break end
    local at = 2
    while at <= #word do
      local option = word:sub(at, at)
      at = at + 1
      if option == 'e' or option == 'l' then
        local value = word:sub(at)
        if value == '' then
          value, i = words[i], i + 1
        end
        if not value then return nil, ('option -%s needs an argument'):format(option) end
        steps[#steps + 1] = { option, value }
        at = #word + 1
      elseif option == 'i' or option == 'v' or option == 'h' then
        flags[option] = true
      else
        return nil, ('unknown option -%s'):format(option)
      end
    end
  end
  return steps, flags, words[i] and i
end

-- arg as scripts know it: arg[0] is the script, arg[1] its first argument, arg[-1] what stood before.
local function set_arg(words, script)
  local arg = {}
  for i = 0, #words do arg[i - (script or 0)] = words[i] end
  rawset(_G, 'arg', arg)
  return arg
end

local function complain(err)
  io.stdout:flush()
  io.stderr:write('th: ', pretty.paint('error', errors.show(err)), '\n')
end

-- 0, or the exit status after the error has been shown
local function status_of(ok, err, interrupted)
  if ok then return 0 end
  complain(err)
  return interrupted and interrupted_status or 1
end

local function run_text(th, text, name, ...)
  errors.remember(name, text)
  local chunk, message = loadstring(text, '=' .. name)
  if not chunk then return status_of(false, message) end
  return status_of(th.call(errors.handler, chunk, ...))
end

local function run_stdin(th, ...)
  local text = io.stdin:read('*a')
  if not text then return status_of(false, 'standard input cannot be read') end
  return run_text(th, text:gsub('^#[^\n]*', '', 1), 'stdin', ...)
end

local function run_file(th, path, ...)
  local file, why = io.open(path)
  if not file then return status_of(false, 'cannot open ' .. why) end
  file:close()
  local chunk, message = loadfile(path)
  if not chunk then return status_of(false, message) end
  return status_of(th.call(errors.handler, chunk, ...))
end

local function load_package(th, name)
  local ok, result, interrupted = th.call(errors.handler, require, name)
  if ok and type(result) ~= 'boolean' and rawget(_G, name) == nil then rawset(_G, name, result) end
  return status_of(ok, result, interrupted)
end

-- Without the package `torch` on the path th is a plain LuaJIT with a prompt.
local function load_torch(th)
  if not package.searchpath('torch', package.path) then return 0 end
  local status = load_package(th, 'torch')
  local raising = package.loaded['torch.errors']
  if raising then raising.package() end -- its errors are not to be blamed on the files here
  return status
end

local function run_step(th, step)
  if step[1] == 'l' then return load_package(th, step[2]) end
  return run_text(th, step[2], '(command line)')
end

--- Shows what is known of a name: help 'torch.rand', or ? torch.rand at the prompt.
function trepl.help(name)
  if not package.searchpath('torch.help', package.path) then
    print('there is no help: the package torch is not installed')
    return
  end
  local text = require 'torch.help'(name)
  print(text or ('there is no help on %s'):format(name))
end

-- Penlight's modules are globals in Torch7's th (path, stringx, tablex …), each loaded when a script first uses it.
local function set_penlight()
  if package.searchpath('pl', package.path) then pcall(require, 'pl') end
end

-- The globals that Torch7's th adds; the only place where trepl sets any.
local function set_globals()
  set_penlight()
  rawset(_G, 'print_old', print)
  rawset(_G, 'print_new', pretty.print)
  rawset(_G, 'print', pretty.print)
  rawset(_G, 'setprintlevel', function(levels) pretty.depth = levels end)
  rawset(_G, 'noColors', function() pretty.colours = false end)
  rawset(_G, 'help', trepl.help)
end

-- Runs steps and script; gives the status of the first that fails.
local function run_all(th, steps, script, words, arg)
  for _, step in ipairs(steps) do
    local status = run_step(th, step)
    if status ~= 0 then return status end
  end
  if not script then return 0 end
  if words[script] == '-' then return run_stdin(th, unpack(arg)) end
  return run_file(th, words[script], unpack(arg))
end

--- th's main function.
-- @param th the table of bin/th.c
-- @param words the command's words, from 0 on
-- @return the exit status
function trepl.main(th, words)
  local steps, flags, script = parse(words)
  if not steps then
    io.stderr:write('th: ', flags, '\n', usage)
    return 1
  end
  if flags.h then
    io.stdout:write(usage)
    return 0
  end
  if flags.v then print(('Moontorch %s on %s'):format(th.version, jit.version)) end
  local prompt = flags.i or not (script or steps[1] or flags.v) and th.isatty(0)
  if not (prompt or script or steps[1]) then
    if flags.v then return 0 end
    script, words[1] = 1, '-'
  end
  pretty.colours = th.isatty(1) and not os.getenv('NO_COLOR') and os.getenv('TERM') ~= 'dumb'
  set_globals()
  local arg = set_arg(words, script)
  local status = load_torch(th)
  if status == 0 then status = run_all(th, steps, script, words, arg) end
  if prompt then
    require 'trepl.prompt'(th)
    return 0
  end
  return status
end

return trepl
