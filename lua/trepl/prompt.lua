-- The prompt: reads, runs and prints, and outlives every error.
local errors = require 'trepl.errors'
local pretty = require 'trepl.pretty'

local usage = [[
An expression prints its value; a semicolon at its end keeps it quiet. _LAST is the last value.
  ? name     help on a function or class        Tab        completes names, methods and, in strings, files
  $ command  runs a shell command               Ctrl-C     stops what runs, or clears the line
  exit       leaves, and so does Ctrl-D         twice      ends th]]

local function complain(err)
  io.stdout:flush()
  io.stderr:write(pretty.paint('error', errors.show(err)), '\n')
end

local function history_path()
  local path, home = os.getenv('TREPL_HISTORY'), os.getenv('HOME')
  if path and path ~= '' then return path end
  return home and home ~= '' and home .. '/.luahistory' or nil
end

-- What the text compiles to: a function and whether it is an expression to print; or nil, message, unfinished.
local function compile(text, name)
  local code = text:gsub('^%s*=', '', 1)
  -- "return f()" would be a tail call, and an error in f then without a line of the user's
  local chunk = loadstring('return nil, ' .. code, '=' .. name)
  -- of a required package nobody wants to see every function
  if chunk then return chunk, not (code:find(';%s*$') or code:find('^%s*require%f[%W]')) end
  local message
  chunk, message = loadstring(code, '=' .. name)
  if chunk then return chunk, false end
  return nil, message, message:sub(-7) == "'<eof>'"
end

local function show_results(_, ...)
  for i = 1, select('#', ...) do pretty.print((select(i, ...))) end
end

local function keep_results(_, ...)
  local all = rawget(_G, '_RESULTS')
  if type(all) ~= 'table' then
    all = {}
    rawset(_G, '_RESULTS', all)
  end
  rawset(_G, '_LAST', (...))
  for i = 1, select('#', ...) do all[#all + 1] = (select(i, ...)) end
end

-- Prints, or complains about, what th.call gave; an expression's values follow a nil.
local function finish(th, printing, ok, ...)
  if not ok then
    complain((...))
  elseif select('#', ...) > 1 then
    keep_results(...)
    if printing then
      local shown, err = th.call(errors.handler, show_results, ...)
      if not shown then complain(err) end
    end
  end
end

local function run(th, chunk, printing)
  local start = th.clock()
  finish(th, printing, th.call(errors.handler, chunk))
  local took = th.clock() - start
  if took >= 0.1 and pretty.colours then print(pretty.paint('dim', ('[%.2f s]'):format(took))) end
end

local function help(th, name)
  if name == '' then
    print(usage)
    return
  end
  local ok, err = th.call(errors.handler, _G.help, name)
  if not ok then complain(err) end
end

-- Lines that are not Lua: true when the text was one of them.
local function command(th, text)
  local asked, shell = text:match('^%s*%?%s*(.-)%s*$'), text:match('^%s*%$%s*(.+)$')
  if asked then
    help(th, asked)
  elseif shell then
    io.stdout:flush()
    os.execute(shell)
  end
  return asked or shell
end

-- Reads until the text is a whole chunk, which error messages call by name. Gives the function and whether to print,
-- or nil when there is nothing to run; the third result is true when the input has ended.
local function read(th, remember, name)
  local text, chunk, printing, unfinished
  repeat
    local line, why = th.readline(text and '..> ' or 'th> ')
    if not line then return nil, nil, why == 'eof' and not text end
    remember(line)
    if not text then
      if line:match('^%s*$') or command(th, line) then return nil end
      if line:match('^%s*exit%s*$') or line:match('^%s*quit%s*$') then return nil, nil, true end
    end
    text = text and text .. '\n' .. line or line
    chunk, printing, unfinished = compile(text, name)
  until chunk or not unfinished
  errors.remember(name, text)
  if not chunk then complain(printing) end
  return chunk, printing
end

-- A function that notes each line in readline's history and its file, and says once when the file cannot be written.
local function historian(th)
  local path, last = history_path(), nil
  local function give_up(message)
    io.stderr:write('th: the history is not kept in ', path, ': ', message, '\n')
    path = nil
  end
  if path then
    local ok, message = th.loadhistory(path)
    if not ok then give_up(message) end
  end
  return function(text)
    for line in text:gmatch('[^\n]+') do
      if line:match('%S') and line ~= last then
        local ok, message = th.remember(line, path)
        if not ok then give_up(message) end
        last = line
      end
    end
  end
end

--- Runs the prompt until the user leaves it.
-- @param th the table that bin/th.c gives
return function(th)
  th.complete = require 'trepl.complete'
  print(('Moontorch %s on %s. ? for help, Ctrl-D to leave.'):format(th.version, jit.version))
  local remember, count = historian(th), 1
  while true do
    local chunk, printing, ended = read(th, remember, ('[%d]'):format(count))
    if ended then return end
    if chunk then run(th, chunk, printing) end
    count = count + 1
  end
end
