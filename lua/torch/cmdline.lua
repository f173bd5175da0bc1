--- torch.CmdLine: options and arguments of a script, its help text and its log.
--   local cmd = torch.CmdLine()
--   cmd:text('Trains a net.')
--   cmd:argument('data', 'folder of the images')
--   cmd:option('-lr', 0.1, 'learning rate')
--   cmd:option('-cuda', false, 'train on the GPU')
--   local params = cmd:parse(arg)   -- script.lua images -lr 0.5 -cuda: {data = 'images', lr = 0.5, cuda = true}
local class = require 'torch.class'
local errors = require 'torch.errors'
local guard = require 'torch.guard'

local module = {}
local CmdLine = class.class('torch.CmdLine', nil, module)

local function strip(key)
  return (key:gsub('^%-+', ''))
end

--- separator: between options in string(), a comma; key_separator: between name and value there, "=".
function CmdLine:__init(separator, key_separator)
  self.argseparator = separator or ','
  self.keyseparator = key_separator or '='
  self.options = {}    -- by key, with its dashes
  self.arguments = {}  -- in order
  self.helplines = {}  -- texts, options and arguments in the order they were declared
  self.dateformat = nil
  self.silentio = false
end

-- -- Declaring --------------------------------------------------------------------------------------------------

local function check_table(name, what, value)
  if type(value) ~= 'table' then errors.fail('%s: expected %s as a table, got a %s', name, what, class.type(value)) end
end

local known_types = {string = true, number = true, boolean = true}

local function check_key(what, key)
  if type(key) ~= 'string' or strip(key) == '' then
    errors.fail('CmdLine: expected the name of the %s as a string, got %s', what, tostring(key))
  end
end

--- Adds an argument, which must be given. type_name: 'number' to have it converted; strings stay strings.
function CmdLine:argument(key, help, type_name)
  check_key('argument', key)
  if type_name and not known_types[type_name] then
    errors.fail('CmdLine: argument %s: there is no type %s', key, tostring(type_name))
  end
  self.arguments[#self.arguments + 1] = {key = key, help = help, type = type_name}
  self.helplines[#self.helplines + 1] = self.arguments[#self.arguments]
end

--- Adds an option with the value it has when it is not given, whose type it keeps. A boolean option takes no value:
-- giving it turns its default around.
function CmdLine:option(key, default, help, type_name)
  check_key('option', key)
  if default == nil then errors.fail('CmdLine: option %s has no default value', key) end
  type_name = type_name or type(default)
  if not known_types[type_name] then
    errors.fail('CmdLine: option %s: there is no type %s', key, tostring(type_name))
  end
  if type(default) ~= type_name then
    errors.fail('CmdLine: option %s: its default is a %s, not a %s', key, type(default), type_name)
  end
  self.options[key] = {key = key, default = default, help = help, type = type_name}
  self.helplines[#self.helplines + 1] = self.options[key]
end

--- Adds a line to the help text.
function CmdLine:text(line)
  if line ~= nil and type(line) ~= 'string' then
    errors.fail('CmdLine: expected a text, got a %s', type(line))
  end
  self.helplines[#self.helplines + 1] = line or ''
end

-- -- Parsing ----------------------------------------------------------------------------------------------------

--- Says what is wrong with the command line, prints the help and ends the program. Objects may replace it.
function CmdLine:error(message)
  io.stderr:write('\n', message, '\n\n')
  self:help()
  os.exit(1)
end

local function to_number(self, what, key, text)
  return tonumber(text) or self:error(('invalid value for %s %s: expected a number, got "%s"'):format(what, key, text))
end

function CmdLine:__readArgument__(params, arg, i, n)
  local argument, value = self.arguments[n], arg[i]
  if not argument then
    local what = type(value) == 'string' and value:match('^%-%D') and 'unknown option' or 'invalid argument'
    self:error(('%s: %s'):format(what, tostring(value)))
    return 1
  end
  if argument.type == 'number' then value = to_number(self, 'argument', argument.key, value) end
  params[strip(argument.key)] = value
  return 1
end

function CmdLine:__readOption__(params, arg, i)
  local key = arg[i]
  local option, value = self.options[key], arg[i + 1]
  if option.type == 'boolean' then
    params[strip(key)] = not option.default
    return 1
  end
  if value == nil then
    self:error('missing argument for option ' .. key)
  elseif option.type == 'number' then
    value = to_number(self, 'option', key, value)
  end
  params[strip(key)] = value
  return 2
end

--- The values of all options that are not given.
function CmdLine:default()
  local params = {}
  for key, option in pairs(self.options) do params[strip(key)] = option.default end
  return params
end

--- Reads the command line, a table of strings such as the global arg: a table of all arguments and options, by name
-- without dashes. -h, -help and --help print the help and end the program, wrong input does so with an error.
function CmdLine:parse(arg)
  arg = arg or {}
  check_table('parse', 'the command line', arg)
  local params, i, n = self:default(), 1, 0
  while i <= #arg do
    if self.options[arg[i]] then
      i = i + self:__readOption__(params, arg, i)
    elseif arg[i] == '-help' or arg[i] == '-h' or arg[i] == '--help' then
      self:help(arg)
      os.exit(0)
    else
      n = n + 1
      i = i + self:__readArgument__(params, arg, i, n)
    end
  end
  if n < #self.arguments then
    self:error(('not enough arguments: <%s> is missing'):format(strip(self.arguments[n + 1].key)))
  end
  return params
end

-- -- Printing ---------------------------------------------------------------------------------------------------

--- A string made of the options that differ from their defaults, to name a folder with.
-- ignore: a table with the names to be left out as keys.
--   cmd:string('run', cmd:parse(arg), {dir = true})   -- run,lr=0.5
function CmdLine:string(prefix, params, ignore)
  check_table('string', 'the parameters', params)
  if ignore then check_table('string', 'the names to be left out', ignore) end
  local arguments, options = {}, {}
  for i, argument in ipairs(self.arguments) do arguments[i] = {strip(argument.key)} end
  for key, value in pairs(params) do
    local option = self.options['-' .. key] or self.options['--' .. key] or self.options[key]
    local shown = key .. self.keyseparator .. (type(value) == 'boolean' and (value and 't' or 'f') or tostring(value))
    if not (ignore and ignore[key]) then
      if option and value ~= option.default then options[#options + 1] = shown end
      for _, argument in ipairs(arguments) do
        if argument[1] == key then argument.shown = shown end
      end
    end
  end
  table.sort(options)
  local parts = {}
  if prefix and prefix ~= '' then parts[1] = tostring(prefix) end
  for _, argument in ipairs(arguments) do parts[#parts + 1] = argument.shown end
  for _, option in ipairs(options) do parts[#parts + 1] = option end
  return table.concat(parts, self.argseparator)
end

local function shown_key(line)
  return line.default ~= nil and line.key or '<' .. strip(line.key) .. '>'
end

--- Prints the help text. arg: the command line, whose arg[0] is the script's name.
function CmdLine:help(arg)
  if arg then check_table('help', 'the command line', arg) end
  local out, width = {'Usage: ', arg and arg[0] and arg[0] .. ' ' or '', '[options]'}, 0
  for _, argument in ipairs(self.arguments) do out[#out + 1] = ' <' .. strip(argument.key) .. '>' end
  out[#out + 1] = '\n'
  for _, line in ipairs(self.helplines) do
    if type(line) == 'table' then width = math.max(width, #shown_key(line)) end
  end
  for _, line in ipairs(self.helplines) do
    if type(line) == 'table' then
      local key = shown_key(line)
      out[#out + 1] = '  ' .. key .. (' '):rep(width - #key) .. (line.help and ' ' .. line.help or '')
      if line.default ~= nil then out[#out + 1] = ' [' .. tostring(line.default) .. ']' end
    else
      out[#out + 1] = line
    end
    out[#out + 1] = '\n'
  end
  io.write(table.concat(out))
end

-- -- Logging ----------------------------------------------------------------------------------------------------

--- While a log is on, print writes into it alone.
function CmdLine:silent()
  self.silentio = true
end

--- Lets lines of the log start with the time, and with a name in brackets.
function CmdLine:addTime(name, format)
  if name and type(name) ~= 'string' then
    errors.fail('CmdLine: expected the name beside the time as a string, got a %s', type(name))
  end
  if format ~= nil and type(format) ~= 'string' then
    errors.fail('CmdLine: expected the format of the time as a string, got a %s', type(format))
  end
  self.dateformat = (format or '%Y-%m-%d %H:%M:%S') .. (name and '[' .. name .. ']: ' or '')
end

local plain_print -- as it was before the first log

--- From now on the global print writes into a file too; the first lines are the time and the parameters.
-- file: a name, or an open file of the io library.
function CmdLine:log(file, params)
  local log, reason = file, nil
  if io.type(file) ~= 'file' then
    if type(file) ~= 'string' then
      errors.fail('log: expected the name of a file or an open file, got a %s', class.type(file))
    end
    log, reason = io.open(file, 'w')
  end
  if params then check_table('log', 'the parameters', params) end
  if not log then errors.fail('CmdLine: cannot open the log: %s', reason) end
  plain_print = plain_print or _G.print
  local function print_and_log(...)
    if not self.silentio then plain_print(...) end
    local parts = {self.dateformat and os.date(self.dateformat)}
    for i = 1, select('#', ...) do parts[#parts + 1] = tostring((select(i, ...))) end
    parts[#parts + 1] = '\n'
    log:write(table.concat(parts, ' '))
    log:flush()
  end
  _G.print = print_and_log
  print_and_log('[program started on ' .. os.date() .. ']')
  print_and_log('[command line arguments]')
  for key, value in pairs(params or {}) do print_and_log(key, value) end
  print_and_log('[----------------------]')
end

guard.methods(CmdLine, 'a torch.CmdLine', '__readOption__')

return module
